import type { Schemas } from "../../api/client";
import type { Formats } from "../../format/formats";
import type { zh } from "../../i18n/zh";

type Line = Schemas["AndonLine"];

/** Rows of lines and blocks of machines that one screen holds in letters that are read from ten metres. */
const MOST_ROWS = 3;
const MOST_BLOCKS = 4;

/** Which part of what does not fit one screen, from 1. */
interface Part {
  at: number;
  of: number;
}

/** One screen of the board. */
export type Slide =
  | { kind: "site"; key: string; part: Part; lines: Line[] }
  | { kind: "line"; key: string; part: Part; line: Line; machines: Line["machines"] }
  | { kind: "machine"; key: string; line: Line; machine: Schemas["AndonMachine"] };

export interface SlideShow {
  slides: Slide[];
  /** Words of the address that name nothing of this plant. */
  unknown: string[];
}

/**
 * The screens that an address asks for, in its order: `site`, `lines`, `machines`, `line:ID`, `machines:LINE`, `machine:ID`.
 * Without any word: each line in turn.
 */
export function slidesOf(screens: readonly string[], lines: Line[]): SlideShow {
  const found: SlideShow = { slides: [], unknown: [] };
  for (const word of screens.length === 0 ? ["lines"] : screens) {
    const slides = slidesOfWord(word, lines);
    if (slides.length === 0) found.unknown.push(word);
    found.slides.push(...slides);
  }
  return found;
}

function slidesOfWord(word: string, lines: Line[]): Slide[] {
  const [kind, id] = [word.split(":")[0], word.slice(word.indexOf(":") + 1)];
  if (word === "site") return lines.length === 0 ? [] : siteSlides(lines);
  if (word === "lines") return lines.flatMap(lineSlides);
  if (word === "machines") return lines.flatMap(machineSlides);
  if (kind === "line") return lines.filter(({ line }) => line === id).flatMap(lineSlides);
  if (kind === "machines") return lines.filter(({ line }) => line === id).flatMap(machineSlides);
  if (kind === "machine") return lines.flatMap(machineSlides).filter(({ key }) => key === word);
  return [];
}

function siteSlides(lines: Line[]): Slide[] {
  return parted(lines, MOST_ROWS).map(([shown, part]) => ({ kind: "site", key: keyOf("site", part), part, lines: shown }));
}

function lineSlides(line: Line): Slide[] {
  return parted(line.machines, MOST_BLOCKS).map(([machines, part]) => ({ kind: "line", key: keyOf(`line:${line.line}`, part), part, line, machines }));
}

/** As few parts as hold `most` each, alike in length; nothing is one empty part. */
function parted<T>(all: T[], most: number): [T[], Part][] {
  const of = Math.max(1, Math.ceil(all.length / most));
  const length = Math.ceil(all.length / of);
  return Array.from({ length: of }, (_, index) => [all.slice(index * length, (index + 1) * length), { at: index + 1, of }]);
}

function keyOf(name: string, { at, of }: Part): string {
  return of === 1 ? name : `${name}/${at}`;
}

function machineSlides(line: Line): Slide[] {
  return line.machines.map((machine) => ({ kind: "machine", key: `machine:${machine.tile.machine}`, line, machine }));
}

/** The state that a board shows of a machine: what was seen last of an unwatched one says nothing about now. */
export function shownState({ fresh, state }: Schemas["Tile"]): string {
  return fresh ? state : "unobserved";
}

/** Whether a figure is below what is aimed at; a figure that is not there misses nothing. */
export function isBelow(value: number | null, target: number | null): boolean {
  return value !== null && target !== null && value < target;
}

/** How far a count lies from what should have been made by now; null without a target. */
export function ahead(good: number, target: Schemas["AndonTarget"] | null): number | null {
  return target === null ? null : good - target.parts;
}

/** Why a machine stands, for a board: what somebody said, else that nobody did; of a stop that costs no planned time `pause`. */
export function whyStopped({ reason, lost_s: lost }: Schemas["AndonStop"], f: Formats, t: typeof zh, pause: string): string {
  if (reason !== null) return f.name(reason);
  return lost > 0 ? t.andon.noReason : pause;
}
