// One kernel, asked for its runs over the control channel: once, then when something of ours is
// heard from it. A kernel that does not answer does not know nbagent, and is left alone until it
// has been restarted or is heard to show a trace.

import { controlWay, isControlKernel } from '../shell/control';
import { RunLink } from '../shell/link';
import type { IOPubMessage } from '../shell/notebook';
import type { WatchedKernel } from './host';
import { isLive, type ListedRun } from './store';

const TRACE_MIME = 'application/vnd.nbagent.trace+json';
const RESTARTED = ['restarting', 'autorestarting', 'dead', 'terminating'];
/** Events after which a person may have to know at once. */
const URGENT = ['run_started', 'approval_asked', 'paused', 'retry_scheduled', 'run_finished'];
/** So many things that are heard within this time make one question. */
const GATHER_MS = 150;

export class Watched {
  runs: readonly ListedRun[] = [];
  /** Whether it knows nbagent; undefined until it was asked. */
  knows: boolean | undefined;
  private readonly link = new RunLink('kernel');
  private timer = 0;
  private asking: Promise<void> | null = null;

  constructor(
    readonly kernel: WatchedKernel,
    /** The notebook's path. */
    readonly path: () => string,
    private readonly onChange: () => void
  ) {
    kernel.iopubMessage.connect(this.heard);
    kernel.statusChanged.connect(this.status);
    this.connect();
  }

  get isLive(): boolean {
    return this.runs.some(isLive);
  }

  /** Ask for the runs; what is asked twice at once is one question. */
  ask(): Promise<void> {
    this.asking ??= this.fetch().finally(() => (this.asking = null));
    return this.asking;
  }

  /** Ask once, if it is not known yet whether the kernel knows nbagent. */
  async askOnce(): Promise<void> {
    if (this.knows === undefined) await this.ask();
  }

  /** Send a command to one of its runs, or with `kernel` to all. */
  send(runId: string, action: string, fields: object = {}): Promise<unknown> {
    return this.link.send(action, { ...fields, run_id: runId });
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.kernel.iopubMessage.disconnect(this.heard);
    this.kernel.statusChanged.disconnect(this.status);
    this.link.disconnect();
  }

  private connect(): void {
    if (isControlKernel(this.kernel)) this.link.connect([controlWay(this.kernel, this.link)]);
  }

  private async fetch(): Promise<void> {
    try {
      const told = (await this.link.send('runs')) as { runs?: readonly ListedRun[] };
      this.knows = true;
      this.runs = told.runs ?? [];
    } catch {
      this.knows ??= false; // a kernel that answered before may be late now: its runs stay
    }
    this.onChange();
  }

  private soon(): void {
    this.timer ||= window.setTimeout(() => {
      this.timer = 0;
      void this.ask();
    }, GATHER_MS);
  }

  private readonly heard = (_sender: unknown, { header, content }: IOPubMessage): void => {
    if (header.msg_type === 'display_data' || header.msg_type === 'update_display_data') {
      const { data } = content as { data?: object };
      if (data && TRACE_MIME in data) this.soon();
    } else if (header.msg_type === 'comm_msg') {
      const batch = (content as { data?: { content?: Batch } }).data?.content;
      if (batch?.nbagent && (this.knows !== true || isUrgent(batch))) this.soon();
    }
  };

  /** A restarted kernel has the same connection and no runs. */
  private readonly status = (_sender: unknown, status: string): void => {
    if (!RESTARTED.includes(status)) return;
    this.link.disconnect();
    this.connect();
    this.knows = undefined;
    this.runs = [];
    this.onChange();
  };
}

interface Batch {
  readonly nbagent?: unknown;
  readonly events?: readonly { readonly kind: string }[];
}

function isUrgent(batch: Batch): boolean {
  return batch.events?.some(({ kind }) => URGENT.includes(kind)) ?? false;
}
