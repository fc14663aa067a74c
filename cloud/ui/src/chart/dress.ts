import type { Paint } from "./usePaint";

/** What all charts wear: the page's font, quiet axes, a tooltip like a card. */
export function dress(paint: Paint) {
  return {
    textStyle: { fontFamily: paint.font, color: paint.soft },
    animationDuration: 300,
    tooltip: {
      backgroundColor: paint.card,
      borderColor: paint.line,
      textStyle: { color: paint.ink, fontSize: 12.5 },
      confine: true,
    },
    axis: {
      axisLine: { lineStyle: { color: paint.line } },
      axisTick: { show: false },
      axisLabel: { color: paint.soft, fontSize: 12, hideOverlap: true },
      splitLine: { lineStyle: { color: paint.line } },
    },
  };
}

/** Text of ours or of the server inside a tooltip, which is HTML. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
