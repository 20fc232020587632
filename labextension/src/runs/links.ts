// The ways from an open trace to its run: the kernel that has it, or the server's record.

import { SessionLink } from '../shell/session';
import type { SessionContext, Signal } from '../shell/notebook';
import type { WatchedKernel } from './host';
import type { ServerRuns } from './server';
import type { Link } from '../view/types';
import { t } from '../words';

/** How often a kernel is asked that sends no batches, as of a fork that no cell shows. */
const POLL_MS = 2_000;

/** Follows a run in a kernel, by any connection to it. */
export class LiveLink extends SessionLink {
  private timer = 0;

  constructor(kernel: WatchedKernel, runId: string, onKernel: (isThere: boolean) => void) {
    super(sessionOf(kernel), runId, onKernel);
    this.onMessage(() => this.plan());
  }

  /** Ask for the run so far; who asks is sent what comes, if a cell shows the run. */
  async begin(): Promise<void> {
    try {
      await this.send('ready');
    } catch {
      await this.send('snapshot');
    }
  }

  override dispose(): void {
    clearTimeout(this.timer);
    super.dispose();
  }

  private plan(): void {
    clearTimeout(this.timer);
    if (!this.running || this.commId !== '') return;
    this.timer = window.setTimeout(() => {
      this.send('snapshot').catch(() => undefined); // a kernel that is gone says so otherwise
    }, POLL_MS);
  }
}

/** A kernel connection as the context of a notebook that never changes its kernel. */
function sessionOf(kernel: WatchedKernel): SessionContext {
  const never: Signal<unknown, unknown> = { connect: () => true, disconnect: () => true };
  return {
    session: { kernel },
    ready: Promise.resolve(),
    kernelChanged: never,
    statusChanged: kernel.statusChanged
  };
}

/** Reads a run that is over from the server. */
export class StoredLink implements Link {
  readonly alive = false;

  constructor(
    private readonly server: ServerRuns,
    private readonly runId: string
  ) {}

  send(action: string, fields: object = {}): Promise<unknown> {
    if (action === 'steps' || action === 'request') {
      return this.server.of(this.runId, action, fields);
    }
    return Promise.reject(new Error(t('This run is over; its kernel is not asked.')));
  }

  onMessage(): () => void {
    return () => undefined;
  }
}
