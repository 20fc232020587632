// Colours for Python: a small tokenizer that only decides on classes; the text stays as it is.

import { h } from './dom';

const KEYWORDS = new Set(
  (
    'False None True and as assert async await break case class continue def del elif else ' +
    'except finally for from global if import in is lambda match nonlocal not or pass raise ' +
    'return try while with yield'
  ).split(' ')
);
const BUILTINS = new Set(
  (
    'abs all any bool bytes callable dict dir display enumerate filter float getattr hasattr ' +
    'int isinstance len list map max min next object open print range repr reversed round set ' +
    'slice sorted str sum super tuple type zip'
  ).split(' ')
);
const TOKEN = new RegExp(
  [
    '(?<c>#[^\\n]*)',
    '(?<q>\\b[rbfuRBFU]{0,2}(?:"""[^]*?(?:"""|$)|\'\'\'[^]*?(?:\'\'\'|$)' +
      '|"(?:\\\\.|[^"\\\\\\n])*"?|\'(?:\\\\.|[^\'\\\\\\n])*\'?)' +
      '|(?:"""[^]*?(?:"""|$)|\'\'\'[^]*?(?:\'\'\'|$)' +
      '|"(?:\\\\.|[^"\\\\\\n])*"?|\'(?:\\\\.|[^\'\\\\\\n])*\'?))',
    '(?<n>\\b(?:0[xXbBoO][\\da-fA-F_]+|\\d[\\d_]*(?:\\.[\\d_]*)?(?:[eE][+-]?\\d+)?j?))',
    '(?<d>(?<=\\.)[^\\W\\d]\\w*)',
    '(?<w>[^\\W\\d]\\w*)',
    '(?<o>^[ \\t]*[%!]{1,2}\\w*|[=+\\-*/%<>!&|^~@]+)'
  ].join('|'),
  'gm'
);

export interface Token {
  text: string;
  /** '' for plain text, else k(eyword), q(uoted), n(umber), c(omment), d(otted), o(perator), bi. */
  kind: string;
}

/** Split Python code into tokens that, joined, are the code again. */
export function tokens(code: string): Token[] {
  const found: Token[] = [];
  let at = 0;
  for (const match of code.matchAll(TOKEN)) {
    const kind = kindOf(match.groups ?? {});
    if (!kind) {
      continue;
    }
    if (match.index > at) {
      found.push({ text: code.slice(at, match.index), kind: '' });
    }
    found.push({ text: match[0], kind });
    at = match.index + match[0].length;
  }
  if (at < code.length) {
    found.push({ text: code.slice(at), kind: '' });
  }
  return found;
}

function kindOf(groups: Record<string, string | undefined>): string {
  const word = groups['w'];
  if (word !== undefined) {
    return KEYWORDS.has(word) ? 'k' : BUILTINS.has(word) ? 'bi' : '';
  }
  return ['c', 'q', 'n', 'd', 'o'].find(kind => groups[kind] !== undefined) ?? '';
}

/** The lines of Python code, each a list of nodes. */
export function codeLines(code: string): (Node | string)[][] {
  const lines: (Node | string)[][] = [[]];
  for (const { text, kind } of tokens(code)) {
    text.split('\n').forEach((part, i) => {
      if (i > 0) {
        lines.push([]);
      }
      if (part) {
        lines[lines.length - 1]?.push(kind ? h('span', { class: kind }, part) : part);
      }
    });
  }
  return lines;
}
