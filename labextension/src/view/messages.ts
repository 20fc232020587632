// What messages carry, in words: their reasoning, their text, and how much of them was sent.

import { clean, oneLine, size } from './phrases';
import type { Message, Sent, SentPart } from './types';
import { counted, listed, t } from '../words';

/** The list stays readable: what comes after so many kinds counts with the last. */
const SENT_PARTS = 40;

/** The reasoning of a message, whichever dialect carries it ('' if none). */
export function reasoningOf(message: Message): string {
  for (const key of ['reasoning_content', 'reasoning', 'reasoning_details']) {
    const value = message[key];
    if (typeof value === 'string' && value) {
      return value;
    }
    if (Array.isArray(value)) {
      return (value as { text?: string | null }[]).map(part => part.text ?? '').join('');
    }
  }
  return '';
}

/** The text of a message's content, pictures left out. */
export function contentOf(message: Message): string {
  const content = message.content ?? '';
  return typeof content === 'string' ? content : content.map(part => part.text ?? '').join('');
}

/** Count a piece that a request carried. */
export function noteSent(parts: SentPart[], piece: Sent): void {
  const known = parts.find(part => part.kind === piece.kind && part.name === piece.name);
  const entry = known ?? (parts.length >= SENT_PARTS ? parts[parts.length - 1] : undefined);
  if (entry) {
    entry.n++;
    entry.n_bytes += piece.n_bytes;
  } else {
    const name = oneLine(clean(piece.name), 60);
    parts.push({ kind: piece.kind, name, n: 1, n_bytes: piece.n_bytes });
  }
}

/** What left for the model: `sent 14 kB: prompt, df (summary), 3 tool results, 0 files`. */
export function sentWords(sent: readonly SentPart[], nBytes: number): string {
  const names = sent.filter(part => part.kind === 'attachment').map(part => part.name);
  const isFile = (name: string): boolean => name.endsWith('file)');
  const nOf = (kind: string): number =>
    sent.filter(part => part.kind === kind).reduce((sum, part) => sum + part.n, 0);
  const [messages, results, pictures] = [nOf('message'), nOf('tool_result'), nOf('image')];
  const parts = listed(
    t('prompt'),
    ...names.filter(name => !isFile(name)),
    messages && counted(messages, 'message'),
    results && counted(results, 'tool result'),
    pictures && counted(pictures, 'picture'),
    counted(names.filter(isFile).length, 'file')
  );
  return t('sent {size}: {parts}', { size: size(nBytes), parts });
}
