// Copying: to the clipboard, and a request in the forms in which people send it again.

import { h } from './dom';
import type { RequestForm } from './desk';
import { t } from '../words';

/** A request exactly as it went; its key is never part of it. */
export interface SentRequest {
  url: string;
  body: unknown;
}

/** Write a request as JSON, as a curl command or as Python; the key comes from the environment. */
export function requestText({ url, body }: SentRequest, form: RequestForm): string {
  if (form === 'json') {
    return JSON.stringify(body, null, 2);
  }
  const line = JSON.stringify(body);
  if (form === 'curl') {
    return [
      `curl ${quoted(url)} \\`,
      '  -H "Authorization: Bearer $MOONSHOT_API_KEY" \\',
      "  -H 'Content-Type: application/json' \\",
      "  --data-binary @- <<'JSON'",
      line,
      'JSON'
    ].join('\n');
  }
  return [
    'import json',
    'import os',
    'import urllib.request',
    '',
    `body = json.loads(${JSON.stringify(line)})`,
    'request = urllib.request.Request(',
    `    ${JSON.stringify(url)},`,
    '    data=json.dumps(body).encode(),',
    '    headers={',
    '        "Authorization": "Bearer " + os.environ["MOONSHOT_API_KEY"],',
    '        "Content-Type": "application/json",',
    '    },',
    ')',
    'with urllib.request.urlopen(request) as reply:',
    '    print(reply.read().decode())'
  ].join('\n');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Whether an answer of the kernel is a request. */
function isRequest(data: unknown): data is SentRequest {
  return typeof data === 'object' && data !== null && 'url' in data && 'body' in data;
}

/** Use a request that the kernel was asked for, or say why that is not possible. */
export function withRequest(
  asked: Promise<unknown>,
  use: (request: SentRequest) => void,
  say: (words: string) => void
): void {
  asked.then(
    data => (isRequest(data) ? use(data) : say(t('The kernel no longer has this request'))),
    () => say(t('The kernel did not answer; nothing was copied'))
  );
}

/** Put text on the clipboard; pages that came by plain http have only the old way. */
export async function toClipboard(text: string, root: Node): Promise<void> {
  const clipboard = (navigator as { clipboard?: Clipboard }).clipboard;
  if (clipboard) {
    await clipboard.writeText(text);
    return;
  }
  const area = h('textarea', { class: 'vh', 'aria-hidden': 'true' });
  area.value = text;
  root.appendChild(area);
  const before = document.activeElement;
  area.select();
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- all there is without https
  const done = document.execCommand('copy');
  area.remove();
  if (before instanceof HTMLElement) {
    before.focus({ preventScroll: true });
  }
  if (!done) {
    throw new Error(t('The browser refused.'));
  }
}
