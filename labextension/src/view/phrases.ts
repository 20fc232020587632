// How nbagent writes numbers, sizes and names: mirrors nbagent/phrases.py word for word.

import type { Figure } from './types';
import { t } from '../words';

export const UNKNOWN = '—';
/** From here on a stop counts as one that the code does not heed. */
const STOP_PATIENCE_S = 2;

/** A run's state in words, by its phase or, once it has ended, its reason. */
export function stateWords(phase: string): string | undefined {
  const words: Record<string, string> = {
    starting: t('Starting'),
    replied: t('Working'),
    compacting: t('Summarising older messages'),
    queued: t('Waiting for the kernel'),
    reasoning: t('Thinking'),
    arguments: t('Writing a tool call'),
    stopped: t('Stopped by you'),
    limit: t('Limit reached'),
    error: t('Failed')
  };
  return words[phase];
}

// Terminal escape sequences (ECMA-48): OSC, other strings, CSI, two-character ones.
const ESCAPES =
  // eslint-disable-next-line no-control-regex -- control characters are what it removes
  /\x1b(?:\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|\[[0-?]*[ -/]*[@-~]?|[@-Z\\-_]?)/g;

// Characters that would make a reader see another text than the one that is there.
const HIDDEN =
  // eslint-disable-next-line no-control-regex -- as above
  /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff\u{e0000}-\u{e007f}]/gu;

/** Make foreign text fit to be shown: no terminal escapes, and nothing invisible. */
export function clean(text: string): string {
  let out = text.replace(ESCAPES, '').replace(/\r\n/g, '\n');
  if (out.includes('\r')) {
    out = out
      .split('\n')
      .map(line => line.replace(/\r+$/, ''))
      .map(line => line.slice(line.lastIndexOf('\r') + 1))
      .join('\n');
  }
  return out.replace(HIDDEN, found => {
    const code = (found.codePointAt(0) ?? 0).toString(16).toUpperCase();
    return `[U+${code.padStart(4, '0')}]`;
  });
}

/** Bound a text to about `limit` characters: its head and its tail, and a line between. */
export function clip(text: string, limit: number): string {
  if (text.length <= limit) {
    return text;
  }
  let head = text.slice(0, Math.floor((limit * 2) / 3));
  const tail = text.slice(text.length - Math.floor(limit / 3));
  head = head.slice(0, head.lastIndexOf('\n') + 1) || head;
  const leftOut = text.length - head.length - tail.length;
  return `${head.trimEnd()}\n… ${size(leftOut)} left out here …\n${tail.trimStart()}`;
}

function words(text: string): string {
  return text.trim().replace(/\s+/g, ' ');
}

/** The first `limit` characters of a text on one line, cut between words. */
export function oneLine(text: string, limit = 120): string {
  const line = words(text.slice(0, limit * 8));
  if (line.length <= limit) {
    return line;
  }
  const start = line.slice(0, limit);
  const cut = start.slice(0, Math.max(0, start.lastIndexOf(' ')));
  return (cut.length > Math.floor(limit / 2) ? cut : start).replace(/[ ,;:]+$/, '') + '…';
}

/** The first sentence of a text, on one line. */
export function gist(text: string, limit = 90): string {
  const line = words(text.slice(0, 2000));
  const end = /[.!?](?=\s)|[。！？]/.exec(line);
  const first = oneLine(end ? line.slice(0, end.index + 1) : line, limit);
  return first.endsWith('.') ? first.slice(0, -1) : first;
}

/** Write a number with so many decimals; ties go to the even digit, as Python writes them. */
export function fixed(value: number, digits: number): string {
  const doubled = value * 2 ** (digits + 1);
  if (Number.isInteger(doubled) && doubled % 2 !== 0) {
    const low = Math.floor(value * 10 ** digits);
    return ((low % 2 === 0 ? low : low + 1) / 10 ** digits).toFixed(digits);
  }
  return value.toFixed(digits);
}

/** Round to the nearest whole number, ties to even. */
export function rounded(value: number): number {
  return Number(fixed(value, 0));
}

function grouped(value: number): string {
  return rounded(value).toLocaleString('en-US');
}

/** A duration: `0.4 s`, `6.9 s`, `73 s`, `5 min 06`, `12 min`, `1 h 14`. */
export function seconds(value: number | null | undefined): string {
  if (value === null || value === undefined) {
    return UNKNOWN;
  }
  if (value < 59.95) {
    return `${fixed(value, 1)} s`;
  }
  if (value < 119.5) {
    return `${fixed(value, 0)} s`;
  }
  const two = (n: number): string => String(n % 60).padStart(2, '0');
  if (value < 599.5) {
    const whole = rounded(value);
    return `${Math.floor(whole / 60)} min ${two(whole)}`;
  }
  const minutes = rounded(value / 60);
  const rest = two(minutes);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${rest}`;
}

/** Elapsed time as a clock writes it: `0:13`, `1:02:09`. */
export function elapsed(value: number): string {
  const whole = Math.max(0, Math.floor(value));
  const rest = String(whole % 60).padStart(2, '0');
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) {
    return `${minutes}:${rest}`;
  }
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}:${rest}`;
}

/** A size in bytes: `512 B`, `1.2 kB`, `14 kB`, `3.4 MB`. */
export function size(nBytes: number): string {
  if (nBytes < 1000) {
    return `${nBytes} B`;
  }
  const [value, unit] = nBytes < 999_500 ? [nBytes / 1e3, 'kB'] : [nBytes / 1e6, 'MB'];
  return value < 9.95 ? `${fixed(value, 1)} ${unit}` : `${fixed(value, 0)} ${unit}`;
}

/** A count: `2,039`, `262 k`, `2.1 M`. */
export function count(value: number | null | undefined): string {
  if (value === null || value === undefined) {
    return UNKNOWN;
  }
  if (value < 99_950) {
    return grouped(value);
  }
  return value < 999_500 ? `${fixed(value / 1e3, 0)} k` : `${fixed(value / 1e6, 1)} M`;
}

/** Numbers of steps: `7`, `1,001–1,200`. */
export function numbersOf({ first, last }: { first: number; last: number }): string {
  const [a, b] = [first.toLocaleString('en-US'), last.toLocaleString('en-US')];
  return first === last ? a : `${a}–${b}`;
}

/** A cost: `$0.0031`, `$0.015`, `$1.20`, `≥ $1.20` with attempts of unknown cost; unknown is a dash. */
export function dollars(value: number | null | undefined, unknownAttempts: Figure = 0): string {
  if (value === null || value === undefined) {
    return UNKNOWN;
  }
  if (unknownAttempts) {
    return `≥ ${dollars(value)}`;
  }
  if (value >= 0.995) {
    const text = Math.floor(value).toLocaleString('en-US');
    const cents = fixed(value, 2);
    return `$${value < 1000 ? cents : text + cents.slice(-3)}`;
  }
  return `$${fixed(value, value >= 0.01 || value === 0 ? 3 : 4)}`;
}

/** A share from 0 to 1: `89 %`. */
export function share(part: number | null | undefined): string {
  return part === null || part === undefined ? UNKNOWN : `${fixed(100 * part, 0)} %`;
}

/** Split as Python's `str.splitlines` does: no empty line after the last line end. */
export function splitLines(text: string): string[] {
  const lines = text.split(/\r\n|[\n\r\u2028\u2029]/);
  if (lines[lines.length - 1] === '') {
    lines.pop();
  }
  return lines;
}

/** The number of bytes that a text takes as UTF-8. */
export function utf8Bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** What is said of a stop that was asked for so long ago and has not taken. */
export function stoppingWords(waitedS: number): string {
  return waitedS < STOP_PATIENCE_S
    ? t('Stopping')
    : t(
        'Stopping for {time}: the code does not let go. Restart the kernel to end it: trace and files are kept, variables and conversation are not',
        { time: seconds(waitedS) }
      );
}

/** `kimi-k2.6` as people write it: `Kimi K2.6`. */
export function whoOf(scripted: boolean, model: string): string {
  if (scripted) {
    return t('Lesson server');
  }
  const name = model.split('/').pop() ?? '';
  return /^kimi-k[\d.]+$/i.test(name) ? `Kimi ${name.slice(5).toUpperCase()}` : name || t('Model');
}
