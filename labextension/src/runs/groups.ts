// What stands in the list, from top to bottom: groups by what is urgent, then by day.

import { isLive, needsYou, type RunRow } from './store';
import { t } from '../words';

export type GroupName = 'needs' | 'interrupted' | 'running' | 'today' | 'yesterday' | 'earlier';

export interface Group {
  readonly name: GroupName;
  readonly rows: readonly RunRow[];
}

/** One line of the list; `key` stays the same as long as it is about the same thing. */
export type Item =
  | { readonly kind: 'head'; readonly key: string; readonly group: Group; readonly open: boolean }
  | { readonly kind: 'run'; readonly key: string; readonly row: RunRow }
  | { readonly kind: 'note'; readonly key: string; readonly row: RunRow }
  | { readonly kind: 'more'; readonly key: string };

const ORDER: readonly GroupName[] = [
  'needs',
  'interrupted',
  'running',
  'today',
  'yesterday',
  'earlier'
];
const DAY_S = 86_400;
/** For so many days a run that was cut off stands above the others. */
const RECENT_DAYS = 7;

/** A group's name in words. */
export function titleOf(name: GroupName): string {
  switch (name) {
    case 'needs':
      return t('Needs you');
    case 'interrupted':
      return t('Interrupted');
    case 'running':
      return t('Running');
    case 'today':
      return t('Today');
    case 'yesterday':
      return t('Yesterday');
    case 'earlier':
      return t('Earlier');
  }
}

/** When a day began, in seconds since the epoch, where the page is.
 *
 * @param daysAgo 0 for today
 */
export function dayStart(now: Date, daysAgo: number): number {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() - daysAgo).getTime() / 1000;
}

/** The groups that are not empty, in order; within each the newest run is first. */
export function grouped(rows: readonly RunRow[], now: Date): Group[] {
  const [today, yesterday] = [dayStart(now, 0), dayStart(now, 1)];
  const recent = now.getTime() / 1000 - RECENT_DAYS * DAY_S;
  const groups = new Map<GroupName, RunRow[]>();
  for (const row of rows) {
    const name = groupOf(row, { today, yesterday, recent });
    const group = groups.get(name);
    if (group) group.push(row);
    else groups.set(name, [row]);
  }
  return ORDER.flatMap(name => {
    const found = groups.get(name);
    return found ? [{ name, rows: found }] : [];
  });
}

function groupOf(
  row: RunRow,
  times: { today: number; yesterday: number; recent: number }
): GroupName {
  if (needsYou(row)) return 'needs';
  if (row.state === 'interrupted' && row.wall >= times.recent) return 'interrupted';
  if (isLive(row)) return 'running';
  if (row.wall >= times.today) return 'today';
  return row.wall >= times.yesterday ? 'yesterday' : 'earlier';
}

/** Whether a group is open before anybody has folded or unfolded it. */
export function isOpenAtFirst(name: GroupName): boolean {
  return name !== 'yesterday' && name !== 'earlier';
}

/** The lines of the list.
 *
 * @param isOpen whether a group shows its runs
 * @param current the run with the focus; one that was cut off says below what is left of it
 * @param hasMore whether the server has older runs
 */
export function itemsOf(
  groups: readonly Group[],
  isOpen: (name: GroupName) => boolean,
  current: string,
  hasMore: boolean
): Item[] {
  const items: Item[] = [];
  for (const group of groups) {
    const open = isOpen(group.name);
    items.push({ kind: 'head', key: `head:${group.name}`, group, open });
    if (!open) continue;
    for (const row of group.rows) {
      items.push({ kind: 'run', key: `run:${row.run_id}`, row });
      if (row.run_id === current && row.state === 'interrupted') {
        items.push({ kind: 'note', key: `note:${row.run_id}`, row });
      }
    }
  }
  if (hasMore) items.push({ kind: 'more', key: 'more' });
  return items;
}

/** The rows in which every word of a text is found. */
export function matching(rows: readonly RunRow[], text: string): RunRow[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return [...rows];
  return rows.filter(row => {
    const all = `${row.title} ${row.notebook} ${row.model} ${row.conversation} ${row.run_id}`;
    const lower = all.toLowerCase();
    return words.every(word => lower.includes(word));
  });
}
