/** The text of a code the server sent, or the code itself when this version does not know it yet. */
export function lookup(texts: Record<string, string>, code: string): string {
  return Object.hasOwn(texts, code) ? (texts[code] ?? code) : code;
}
