/** The text of a code the server sent, or another (the code itself) when this version does not know it. */
export function lookup(texts: Record<string, string>, code: string, other = code): string {
  return Object.hasOwn(texts, code) ? (texts[code] ?? other) : other;
}
