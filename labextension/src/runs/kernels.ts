// The kernels of the page: those of its open notebooks, by the connections that are there, and,
// while somebody looks at the list, those of the server's other sessions. These are connected for
// that time alone, as a connection keeps a kernel from being culled; and without comms, as a
// connection that does not know a widget closes it for everybody.

import type { KernelModel, OwnKernel, Panel, Services, Tracker, WatchedKernel } from './host';
import type { KernelRun } from './merge';
import type { ListedRun } from './store';
import { Watched } from './watched';

const ASKS = /^\s*%%kimi\b/m;

/** Runs of a kernel whose connection has ended, as long as its session goes on. */
interface Left {
  readonly runs: readonly ListedRun[];
  readonly path: string;
}

export class KernelRuns {
  private readonly own = new Map<string, Watched>();
  private readonly others = new Map<string, Watched & { readonly kernel: OwnKernel }>();
  private readonly left = new Map<string, Left>();
  /** Kernels of other sessions that do not know nbagent. */
  private readonly silent = new Set<string>();
  /** Kernels whose runs are open in tabs, and in how many. */
  private readonly held = new Map<string, number>();
  private isShown = false;

  constructor(
    private readonly services: Services,
    tracker: Tracker | null,
    private readonly onChange: () => void
  ) {
    tracker?.forEach(panel => this.attach(panel));
    tracker?.widgetAdded.connect((_sender, panel) => this.attach(panel));
    services.sessions.runningChanged.connect(() => {
      this.look();
      onChange();
    });
  }

  /** What all kernels have told. */
  *runs(): Generator<KernelRun> {
    const seen = new Set<string>();
    for (const [kernelId, { runs, path }] of this.left) {
      if (this.own.has(kernelId) || this.others.has(kernelId)) continue;
      for (const run of runs) yield { run, kernelId, path };
    }
    for (const watched of [...this.others.values(), ...this.own.values()]) {
      if (seen.has(watched.kernel.id)) continue;
      seen.add(watched.kernel.id);
      const { id: kernelId } = watched.kernel;
      for (const run of watched.runs) yield { run, kernelId, path: watched.path() };
    }
  }

  get isLive(): boolean {
    return this.watched.some(({ isLive }) => isLive);
  }

  /** The kernel that has a run, if it is connected. */
  with(runId: string): Watched | undefined {
    return this.watched.find(({ runs }) => runs.some(run => run.run_id === runId));
  }

  /** Connect to the kernel that has a run, if it is not connected. */
  reach(runId: string): Watched | undefined {
    const found = this.with(runId);
    if (found) return found;
    for (const [kernelId, { runs }] of this.left) {
      const session = this.sessions().get(kernelId);
      if (session && runs.some(run => run.run_id === runId)) return this.join(session);
    }
    return undefined;
  }

  /** Whether a kernel that is connected knows nbagent, asked once. */
  async knows(kernelId: string): Promise<boolean> {
    const watched = this.own.get(kernelId);
    await watched?.askOnce();
    return watched?.knows ?? false;
  }

  /** Ask those again whose runs go on. */
  async askLive(): Promise<void> {
    await Promise.all(this.watched.filter(({ isLive }) => isLive).map(each => each.ask()));
  }

  /** Ask all that may know of runs, also those that did not when they were asked. */
  async askAll(): Promise<void> {
    this.silent.clear();
    this.look();
    const asked = this.watched.filter(({ knows }) => knows !== false);
    await Promise.all(asked.map(each => each.ask()));
  }

  /** Somebody looks at the list: the server's other sessions count too. */
  show(): void {
    this.isShown = true;
    this.look();
    for (const watched of this.own.values()) {
      if (this.isPython(watched.kernel.name)) void watched.askOnce();
    }
  }

  /** Nobody looks any more: end the connections that were made for it. */
  hide(): void {
    this.isShown = false;
    for (const kernelId of [...this.others.keys()]) this.partUnless(kernelId);
  }

  /** Keep the connection to a kernel until what is returned is called. */
  hold(kernelId: string): () => void {
    this.held.set(kernelId, (this.held.get(kernelId) ?? 0) + 1);
    return () => {
      const left = (this.held.get(kernelId) ?? 1) - 1;
      if (left) this.held.set(kernelId, left);
      else this.held.delete(kernelId);
      if (!this.isShown) this.partUnless(kernelId);
    };
  }

  private partUnless(kernelId: string): void {
    if (!this.held.has(kernelId)) this.part(kernelId);
  }

  private get watched(): Watched[] {
    return [...this.own.values(), ...this.others.values()];
  }

  private sessions(): Map<string, { model: KernelModel; path: string }> {
    const found = new Map<string, { model: KernelModel; path: string }>();
    for (const { kernel, path } of this.services.sessions.running()) {
      if (kernel) found.set(kernel.id, { model: kernel, path });
    }
    return found;
  }

  /** Look which sessions there are. */
  private look(): void {
    const sessions = this.sessions();
    for (const kernelId of [...this.others.keys()]) {
      if (!sessions.has(kernelId) || this.own.has(kernelId)) this.part(kernelId);
    }
    for (const kernelId of [...this.left.keys()]) {
      if (!sessions.has(kernelId)) this.left.delete(kernelId);
    }
    if (!this.isShown) return;
    for (const [kernelId, session] of sessions) {
      const isKnown = this.own.has(kernelId) || this.others.has(kernelId);
      if (isKnown || this.silent.has(kernelId) || !this.isPython(session.model.name)) continue;
      this.join(session);
    }
  }

  private join({ model, path }: { model: KernelModel; path: string }): Watched {
    const kernel = this.services.kernels.connectTo({ model, handleComms: false });
    const watched = new Watched(kernel, () => path, this.onChange);
    this.others.set(model.id, watched as Watched & { kernel: OwnKernel });
    void watched.askOnce().then(() => {
      if (watched.knows) return;
      this.silent.add(model.id);
      this.part(model.id);
    });
    return watched;
  }

  private part(kernelId: string): void {
    const watched = this.others.get(kernelId);
    if (!watched) return;
    this.others.delete(kernelId);
    if (watched.runs.length) {
      this.left.set(kernelId, { runs: watched.runs, path: watched.path() });
    }
    watched.dispose();
    watched.kernel.dispose();
  }

  private isPython(name: string): boolean {
    const spec = this.services.kernelspecs.specs?.kernelspecs[name];
    return spec ? spec.language === 'python' : name.startsWith('python');
  }

  /** Watch the kernel of a notebook, whichever it has. */
  private attach(panel: Panel): void {
    const session = panel.sessionContext;
    let watched: Watched | null = null;
    const follow = (): void => {
      const kernel = (session.session?.kernel ?? null) as WatchedKernel | null;
      if (watched?.kernel === kernel) return;
      this.forget(watched);
      watched = kernel ? this.watch(kernel, panel) : null;
      this.onChange();
    };
    session.kernelChanged.connect(follow);
    panel.disposed.connect(() => {
      session.kernelChanged.disconnect(follow);
      this.forget(watched);
      this.onChange();
    });
    session.ready.then(follow, follow);
  }

  private watch(kernel: WatchedKernel, panel: Panel): Watched {
    const watched = new Watched(kernel, () => panel.context.path, this.onChange);
    this.own.set(kernel.id, watched);
    if (this.isShown || hasRuns(panel)) void watched.askOnce();
    return watched;
  }

  private forget(watched: Watched | null): void {
    if (!watched) return;
    watched.dispose();
    if (this.own.get(watched.kernel.id) === watched) this.own.delete(watched.kernel.id);
    if (watched.runs.length) {
      this.left.set(watched.kernel.id, { runs: watched.runs, path: watched.path() });
    }
    this.look();
  }
}

function hasRuns(panel: Panel): boolean {
  const cells = panel.content.model?.cells;
  if (!cells) return false;
  for (let i = 0; i < cells.length; i += 1) {
    if (ASKS.test(cells.get(i).sharedModel.getSource())) return true;
  }
  return false;
}
