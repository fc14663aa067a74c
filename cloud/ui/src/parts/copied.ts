/**
 * Whether a text is on the clipboard now. Browsers give pages without HTTPS no clipboard of their own; there
 * the field that holds the text is selected and copied as a person would do it.
 */
export async function copied(text: string, field: HTMLInputElement | null): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    field?.select();
    return field !== null && document.execCommand("copy");
  }
}
