/** A typed value from what a person entered; undefined when it does not go with the datatype. */
export function entered(text: string, datatype: string): boolean | number | string | undefined {
  if (datatype === "BOOLEAN") return text === "true" ? true : text === "false" ? false : undefined;
  if (TEXTS.has(datatype)) return text;
  if (text.trim() === "") return undefined;
  const number = Number(text.trim().replace(",", "."));
  if (!Number.isFinite(number)) return undefined;
  if (FLOATS.has(datatype)) return number;
  return INTEGER.test(datatype) && Number.isSafeInteger(number) ? number : undefined;
}

const TEXTS = new Set(["STRING", "TEXT"]);
const FLOATS = new Set(["FLOAT", "DOUBLE"]);
const INTEGER = /^U?INT(8|16|32|64)$/;

export function isWritable(datatype: string): boolean {
  return datatype === "BOOLEAN" || TEXTS.has(datatype) || FLOATS.has(datatype) || INTEGER.test(datatype);
}
