// The run as the kernel tells it: a snapshot, then batches; a gap in their numbers asks anew.

import { GapLog } from '../chart';
import { RunView } from './fold';
import { Meter } from './meter';
import { restore, type Scene, sceneOf } from './stored';
import type { Event, KernelMessage, TraceJson, ViewBase } from './types';

export class Feed {
  scene: Scene;
  gaps = new GapLog();
  /** Whether the kernel has told of this run. */
  told = false;
  private seq = -1;
  /** The page's clock minus the run's, in seconds. */
  private offset: number | null = null;

  constructor(private trace: TraceJson) {
    this.scene = sceneOf(trace);
  }

  /** Seconds since the run began: counted on while it goes on and the kernel tells of it. */
  now(): number {
    const { view, meter } = this.scene;
    const counted = this.offset === null ? 0 : performance.now() / 1000 - this.offset;
    return view.running && this.told ? Math.max(view.t, counted) : Math.max(view.t, meter.t);
  }

  /** A stored trace took the place of the one before; what the kernel has told counts more. */
  reload(trace: TraceJson): void {
    this.trace = trace;
    if (!this.told) {
      this.scene = sceneOf(trace);
    }
  }

  /** Take what the kernel says; false if something is missing and a snapshot must be asked for. */
  receive(message: KernelMessage): boolean {
    if (message.type === 'reply' || message.run_id !== this.trace.run_id) {
      return true;
    }
    this.offset = performance.now() / 1000 - message.t;
    if (message.type === 'snapshot') {
      this.restart(message.events);
      this.seq = message.seq;
      return true;
    }
    if (!this.told) {
      return false;
    }
    for (const event of message.events) {
      if (event.seq <= this.seq) {
        continue;
      }
      if (event.seq > this.seq + 1) {
        return false;
      }
      this.seq = event.seq;
      this.apply(event);
    }
    return true;
  }

  private restart(events: readonly (Event | ViewBase)[]): void {
    const pictures = this.scene.view.pictures;
    this.scene = { view: new RunView(), meter: new Meter() };
    this.gaps = new GapLog();
    this.told = true;
    for (const event of events) {
      if (event.kind === 'view_base') {
        restore(this.scene, event);
      } else {
        this.apply(event);
      }
    }
    pictures.forEach((picture, key) => {
      if (!this.scene.view.pictures.has(key)) {
        this.scene.view.pictures.set(key, picture);
      }
    });
  }

  private apply(event: Event): void {
    this.scene.view.apply(event);
    this.scene.meter.apply(event);
    this.gaps.apply(event);
  }
}
