interface Drawn {
  getWidth: () => number;
  getHeight: () => number;
}

/** Whether a chart's place has another size than it was drawn for; one that is hidden has none. */
export function isResized(drawn: Drawn, place: { clientWidth: number; clientHeight: number }): boolean {
  if (place.clientWidth === 0 || place.clientHeight === 0) return false;
  return drawn.getWidth() !== place.clientWidth || drawn.getHeight() !== place.clientHeight;
}
