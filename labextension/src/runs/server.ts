// The runs of the server's journal: pages of the list, a search, and a stream of what changes. The
// stream is open only while somebody looks, as a browser has few connections to one server.

import type { ServerConnection } from '@jupyterlab/services';
import { ApiError, requestAPI, requestJSON } from './api';
import { linesOf } from './ndjson';
import type { ListedRun } from './store';
import { t } from '../words';

interface Page {
  readonly runs: readonly ListedRun[];
  readonly next: string | number | null;
  readonly journal: { readonly here: boolean; readonly note: string };
}

/** A line of the stream: the list as it is, or what changed in it. */
interface Told {
  readonly type?: string;
  readonly runs?: readonly ListedRun[];
  readonly gone?: readonly string[];
  readonly journal?: Page['journal'];
}

const PAGE = 200;
const SEARCHED = 100;
const RETRY_MS = [2_000, 5_000, 15_000, 30_000];

export class ServerRuns {
  readonly runs = new Map<string, ListedRun>();
  /** Why the journal is not there, in words; '' if it is, or nobody has asked. */
  note = '';
  /** Whether the server told its list, be it that of other kernels than it has. */
  answers = false;
  private next: string | number | null = null;
  private following: AbortController | null = null;
  private timer = 0;
  private failures = 0;

  constructor(
    private readonly settings: ServerConnection.ISettings,
    private readonly onChange: () => void
  ) {}

  /** Whether there are older runs than those that were read. */
  get hasMore(): boolean {
    return this.next !== null;
  }

  /** Read the newest runs again. */
  async load(): Promise<void> {
    try {
      const page = await this.page({ limit: PAGE });
      const oldest = page.runs.at(-1)?.wall ?? Infinity;
      for (const { run_id, wall } of [...this.runs.values()]) {
        if (wall >= oldest || page.next === null) this.runs.delete(run_id);
      }
      this.take(page.runs);
      if (this.runs.size <= page.runs.length) this.next = page.next;
      this.note = page.journal.here ? '' : page.journal.note;
      this.answers = true;
    } catch (error) {
      this.note = noteOf(error);
      this.answers = false;
    }
    this.onChange();
  }

  /** Read the next page of older runs. */
  async more(): Promise<void> {
    if (this.next === null) return;
    const page = await this.page({ limit: PAGE, before: this.next });
    this.take(page.runs);
    this.next = page.next;
    this.onChange();
  }

  /** Read older pages until one is from before a time, in seconds since the epoch. */
  async reach(wall: number): Promise<void> {
    while (this.next !== null && [...this.runs.values()].every(run => run.wall >= wall)) {
      await this.more();
    }
  }

  /** Let the server look for a text among all runs; what it finds joins the rows. */
  async search(text: string): Promise<void> {
    this.take((await this.page({ search: text, limit: SEARCHED })).runs);
    this.onChange();
  }

  /** Read one run again; false if the server has no record of it. */
  async look(runId: string): Promise<boolean> {
    try {
      this.take([await this.json<ListedRun>(`runs/${encodeURIComponent(runId)}`)]);
      this.onChange();
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return false;
      throw error;
    }
  }

  /** Ask for something of one run, as JSON. */
  async of(runId: string, what: string, query: object = {}): Promise<unknown> {
    return this.json(`runs/${encodeURIComponent(runId)}/${what}${queryOf(query)}`);
  }

  async file(runId: string, format: string): Promise<Blob> {
    const path = `runs/${encodeURIComponent(runId)}/export${queryOf({ format })}`;
    return (await requestAPI(this.settings, path)).blob();
  }

  async stop(runId: string): Promise<void> {
    await requestAPI(this.settings, `runs/${encodeURIComponent(runId)}/stop`, { method: 'POST' });
  }

  async remove(runId: string): Promise<void> {
    await requestAPI(this.settings, `runs/${encodeURIComponent(runId)}`, { method: 'DELETE' });
    this.runs.delete(runId);
    this.onChange();
  }

  /** Hear of changes from now on. */
  follow(): void {
    if (this.following) return;
    this.following = new AbortController();
    this.failures = 0;
    void this.listen(this.following.signal);
  }

  /** Hear of nothing any more. */
  leave(): void {
    clearTimeout(this.timer);
    this.following?.abort();
    this.following = null;
  }

  private async listen(signal: AbortSignal): Promise<void> {
    try {
      const response = await requestAPI(this.settings, 'stream', { signal });
      for await (const line of linesOf(response)) {
        this.failures = 0;
        this.hear(line as Told);
      }
    } catch (error) {
      if (signal.aborted || isFinal(error)) return;
    }
    const wait = RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)];
    this.failures += 1;
    if (signal.aborted) return;
    this.timer = window.setTimeout(() => {
      void this.load(); // what changed meanwhile was not heard
      void this.listen(signal);
    }, wait);
  }

  private hear(told: Told): void {
    if (told.journal) this.note = told.journal.here ? '' : told.journal.note;
    if (!told.runs && !told.gone) return;
    this.take(told.runs ?? []);
    told.gone?.forEach(runId => void this.lookAfter(runId));
    this.onChange();
  }

  /** A run is no longer on the stream's page: it was deleted, or newer ones have pushed it out. */
  private async lookAfter(runId: string): Promise<void> {
    const isThere = await this.look(runId).catch(() => true);
    if (isThere || !this.runs.delete(runId)) return;
    this.onChange();
  }

  private take(runs: readonly ListedRun[]): void {
    for (const run of runs) this.runs.set(run.run_id, run);
  }

  private page(query: object): Promise<Page> {
    return this.json<Page>(`runs${queryOf(query)}`);
  }

  private json<T>(path: string): Promise<T> {
    return requestJSON<T>(this.settings, path);
  }
}

function queryOf(query: object): string {
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) words.set(name, String(value));
  return words.size ? `?${words.toString()}` : '';
}

/** Whether asking again would bring the same answer. */
function isFinal(error: unknown): boolean {
  return error instanceof ApiError && error.status >= 400 && error.status < 500;
}

function noteOf(error: unknown): string {
  const status = error instanceof ApiError ? error.status : 0;
  if (status === 404) {
    return t('The server extension is not enabled here; runs of open kernels are still shown.');
  }
  const why = error instanceof Error ? error.message : String(error);
  return t("The server's list of runs cannot be read: {why}", { why });
}
