// The figures of a saved trace: our JSON names them, the HTML beside it holds each of them once.

/** Find the figures by their names, as `data:` URLs.
 *
 * @param html the output's text/html: one text, or its lines
 */
export function picturesIn(html: unknown): Record<string, string> {
  const text: unknown = Array.isArray(html) ? html.join('') : html;
  const found: Record<string, string> = {};
  if (typeof text !== 'string') return found;
  for (const [tag] of text.matchAll(/<img\b[^>]*>/g)) {
    const name = /\bclass="nba-([0-9a-f]{12})"/.exec(tag)?.[1];
    const url = /\bsrc="(data:image\/[^"]*)"/.exec(tag)?.[1];
    if (name && url) found[name] = url;
  }
  return found;
}
