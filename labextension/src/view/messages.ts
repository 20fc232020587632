// What messages carry, in words: their reasoning, their text, and how much of them was sent.

import { plural, size } from './phrases';
import type { Message, SentPart } from './types';

/** The reasoning of a message, whichever dialect carries it ('' if none). */
export function reasoningOf(message: Message): string {
  for (const key of ['reasoning_content', 'reasoning', 'reasoning_details']) {
    const value = message[key];
    if (typeof value === 'string' && value) {
      return value;
    }
    if (Array.isArray(value)) {
      return (value as { text?: string | null }[]).map((part) => part.text ?? '').join('');
    }
  }
  return '';
}

/** The text of a message's content, pictures left out. */
export function contentOf(message: Message): string {
  const content = message.content ?? '';
  return typeof content === 'string' ? content : content.map((part) => part.text ?? '').join('');
}

/** What left for the model: `sent 14 kB: prompt, df (summary), 3 tool results, 0 files`. */
export function sentWords(sent: readonly SentPart[], nBytes: number): string {
  const names = sent.filter((part) => part.kind === 'attachment').map((part) => part.name);
  const isFile = (name: string): boolean =>
    name.includes('.') && !/^[\p{L}_][\p{L}\p{N}\p{M}_]*$/u.test(name);
  const parts = ['prompt', ...names.filter((name) => !isFile(name)).map((name) => `${name} (summary)`)];
  const kinds = [['message', 'message'], ['tool_result', 'tool result'], ['image', 'picture']] as const;
  for (const [kind, word] of kinds) {
    const n = sent.filter((part) => part.kind === kind).reduce((sum, part) => sum + part.n, 0);
    if (n) {
      parts.push(plural(n, word));
    }
  }
  parts.push(plural(names.filter(isFile).length, 'file'));
  return `sent ${size(nBytes)}: ${parts.join(', ')}`;
}
