// What a run of many steps has besides its list: filters, and ranges that an overview opens.

import { LONG_RUN, type LongRun } from '../chart';
import { FilterBar, filtered } from './filters';
import { MANY_STEPS } from './outline';
import type { StepList } from './step_list';
import type { Scene } from './stored';

export class LongRunView {
  readonly filters: FilterBar;
  private failed: ReadonlySet<number> = new Set();

  /**
   * @param scene the run as it is now
   * @param list its rows
   * @param redraw draws the whole view
   */
  constructor(
    private readonly scene: () => Scene,
    private readonly list: StepList,
    redraw: () => void
  ) {
    this.filters = new FilterBar(redraw);
  }

  /** Redraw the list, narrowed to what was chosen. */
  update(): void {
    const { view, meter } = this.scene();
    const isMany = view.nSteps > MANY_STEPS;
    this.filters.node.hidden = !isMany;
    if (isMany) {
      const sets = filtered(view, meter.metrics().steps);
      this.failed = sets.get('Failed') ?? new Set();
      this.list.only = this.filters.update(view.nSteps, sets);
    }
    this.list.update();
  }

  /** Bring a step onto the page, opened, also if a filter leaves it out. */
  reveal(key: string): void {
    if (this.list.only?.has(Number(key.slice(1))) === false) {
      this.filters.clear();
    }
    this.list.reveal(key, true);
  }

  /** What the overview shows besides figures; undefined of a run that needs none. */
  facts(): LongRun | undefined {
    if (this.scene().view.nSteps <= LONG_RUN) {
      return undefined;
    }
    return { failed: this.failed, ranges: this.list.ranges(), shown: this.list.shown() };
  }

  openRange(index: number): void {
    this.filters.clear();
    this.list.openRange(index);
  }
}
