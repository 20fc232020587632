// What has become of runs between two looks at the list: a question that was put, a run that ended.

import { isLive, type RunRow } from '../runs/store';

export interface News {
  readonly kind: 'asks' | 'ended';
  readonly row: RunRow;
  /** Names this piece of news, on every page the same. */
  readonly name: string;
}

interface Was {
  readonly isLive: boolean;
  readonly key: string;
}

export class Watch {
  private was: ReadonlyMap<string, Was> | null = null;

  /** @param begun when the page began to look, in seconds since the epoch */
  constructor(private readonly begun: number) {}

  /** Take the rows as they are now. What the first rows say was there before, and is no news. */
  look(rows: readonly RunRow[]): News[] {
    const { was } = this;
    this.was = new Map([...(was ?? []), ...rows.map(row => [row.run_id, stateOf(row)] as const)]);
    return was === null ? [] : rows.flatMap(row => this.newsOf(row, was.get(row.run_id)));
  }

  private newsOf(row: RunRow, was: Was | undefined): News[] {
    const key = row.needs?.key ?? '';
    if (isLive(row)) {
      const isNew = key !== '' && key !== was?.key;
      return isNew ? [{ kind: 'asks', row, name: `${row.run_id} ${key}` }] : [];
    }
    const wentOn = was ? was.isLive : row.wall >= this.begun;
    const isNew = wentOn && row.state !== 'stopped'; // whoever stopped it knows
    return isNew ? [{ kind: 'ended', row, name: `${row.run_id} ended` }] : [];
  }
}

function stateOf(row: RunRow): Was {
  return { isLive: isLive(row), key: row.needs?.key ?? '' };
}
