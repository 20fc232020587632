// What the UI says. English stands where it is said; other languages look it up.

/** What stands in place of `{name}`. */
export type Values = Readonly<Record<string, string | number>>;

/** A text of the UI, with its values.
 *
 * @param text English, with `{name}` where a value belongs
 */
export function t(text: string, values: Values = {}): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
