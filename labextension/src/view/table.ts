// The one table of an HTML output as rows of text cells. Tags are read, never built into a page.

import { clean, oneLine } from './phrases';
import type { Block } from './types';
import { counted, listed, t } from '../words';

const TABLE_ROWS = 20;
const TABLE_COLUMNS = 12;
const CELL_LIMIT = 80;
const MAX_ROWS = 2_000;
const TOKEN = /<!--[^]*?-->|<(\/?)([a-zA-Z][^\s/>]*)((?:[^>"']|"[^"]*"|'[^']*')*)>|[^<]+|</g;
const NAMED: Record<string, string> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: '\u00a0'
};

interface Row {
  cells: string[];
  isHead: boolean;
}

/** The DataFrame or Styler in `html`, at most 20 by 12 cells; null if there is not exactly one. */
export function tableOf(html: string): Block | null {
  const reader = new TableReader();
  reader.feed(html.slice(0, 400_000));
  const rows = reader.rows;
  if (reader.nTables !== 1 || !rows.length) {
    return null;
  }
  const head = joinedHead(rows.filter(row => row.isHead).map(row => row.cells));
  const body = rows.filter(row => !row.isHead).map(row => row.cells);
  const nColumns = Math.max(...rows.map(row => row.cells.length));
  const cut = body.length > TABLE_ROWS || nColumns > TABLE_COLUMNS;
  const shape = reader.note || sizeWords(body.length, nColumns);
  return {
    kind: 'table',
    head: head.slice(0, 3).map(columns),
    rows: body.slice(0, TABLE_ROWS).map(columns),
    note: cut || reader.note ? listed(shape, cut && t('the first ones shown')) : ''
  };
}

/** How large a table is: `344 rows, 8 columns`. */
export function sizeWords(nRows: number, nColumns: number, between = t(', ')): string {
  return counted(nRows, 'row') + between + counted(nColumns, 'column');
}

/** Pandas writes the index's name on a line of its own: move it over its column. */
function joinedHead(head: string[][]): string[][] {
  const last = head[head.length - 1];
  const above = head[head.length - 2];
  if (last && above && above[0] === '' && !last.slice(1).some(Boolean)) {
    return [...head.slice(0, -2), [...last.slice(0, 1), ...above.slice(1)]];
  }
  return head;
}

function columns(row: string[]): string[] {
  return row.length <= TABLE_COLUMNS ? row : [...row.slice(0, TABLE_COLUMNS - 1), '…'];
}

function unescaped(text: string): string {
  return text.replace(
    /&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|(\w{2,6}));?/g,
    (whole, dec?: string, hex?: string, name = '') => {
      const code = dec ? Number(dec) : hex ? parseInt(hex, 16) : 0;
      if (code) {
        return code < 0x110000 ? String.fromCodePoint(code) : '\ufffd';
      }
      return NAMED[name as string] ?? whole;
    }
  );
}

class TableReader {
  rows: Row[] = [];
  nTables = 0;
  note = '';
  private cell: string[] | null = null;
  private span = 1;
  private inHead = false;
  private skip = false;
  private closed = false;

  feed(html: string): void {
    for (const found of html.matchAll(TOKEN)) {
      const [whole, slash, name, attributes] = found;
      if (name === undefined) {
        this.text(whole);
      } else if (slash) {
        this.end(name.toLowerCase());
      } else {
        this.start(name.toLowerCase(), attributes ?? '');
      }
    }
  }

  private start(tag: string, attributes: string): void {
    this.skip = tag === 'style' || tag === 'script';
    if (tag === 'table') {
      this.nTables++;
    } else if (tag === 'thead') {
      this.inHead = true;
    } else if (tag === 'tr' && this.rows.length < MAX_ROWS) {
      this.rows.push({ cells: [], isHead: this.inHead });
    } else if ((tag === 'td' || tag === 'th') && this.rows.length) {
      this.endCell();
      const span = /\bcolspan\s*=\s*["']?(\d{1,4})/i.exec(attributes);
      this.span = span ? Math.min(Number(span[1]), TABLE_COLUMNS) : 1;
      this.cell = [];
    }
  }

  private end(tag: string): void {
    this.skip = false;
    if (tag === 'thead') {
      this.inHead = false;
    } else if (['td', 'th', 'tr', 'table'].includes(tag)) {
      this.endCell();
      this.closed ||= tag === 'table';
    }
  }

  private text(raw: string): void {
    if (this.skip || raw.startsWith('<!--')) {
      return;
    }
    const text = unescaped(raw);
    if (this.cell) {
      this.cell.push(text);
    } else if (this.closed && text.trim()) {
      this.note = oneLine(clean(`${this.note} ${text}`), 60);
    }
  }

  private endCell(): void {
    if (!this.cell) {
      return;
    }
    const text = oneLine(clean(this.cell.join('')), CELL_LIMIT);
    const blanks = Array<string>(Math.max(0, this.span - 1)).fill('');
    this.rows[this.rows.length - 1]?.cells.push(text, ...blanks);
    this.cell = null;
  }
}
