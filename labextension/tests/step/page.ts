// A step view in jsdom, with the kernel of the run written by hand behind it.

import { StepView } from '../../src/step/view';
import type { StepSpace } from '../../src/view/step_door';
import { Story, StoryKernel } from './story';

export interface StepPage {
  kernel: StoryKernel;
  view: StepView;
  node: HTMLElement;
  said: string[];
  cells: string[];
  copied: string[];
  /** How often the view was closed, and left. */
  gone: string[];
  /** Wait until what was asked is answered and drawn. */
  drawn: () => Promise<void>;
  press: (key: string, target?: HTMLElement) => Promise<void>;
  click: (name: string, index?: number) => Promise<void>;
  actions: () => string[];
}

/** Open the step view of a run that rests at a move; null for one that is finished. */
export async function stepPage(at: number | null, story = new Story()): Promise<StepPage> {
  const kernel = new StoryKernel(story, at);
  const [said, cells, copied, gone]: string[][] = [[], [], [], []];
  const space: StepSpace = {
    runId: 'run-7',
    send: kernel.send,
    who: () => 'Kimi K2.6',
    say: text => void said?.push(text),
    copy: text => void copied?.push(text),
    newCell: source => void cells?.push(source),
    close: () => void gone?.push('close'),
    words: {},
    leave: () => void gone?.push('leave')
  };
  const view = new StepView(space);
  const node = view.section;
  document.body.replaceChildren(view.node);
  const drawn = (): Promise<void> => new Promise(done => setTimeout(done, 5));
  await drawn();
  return {
    kernel,
    view,
    node,
    said: said ?? [],
    cells: cells ?? [],
    copied: copied ?? [],
    gone: gone ?? [],
    drawn,
    press: async (key, target = node) => {
      target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
      await drawn();
    },
    click: async (name, index = 0) => {
      const found = [...node.querySelectorAll<HTMLElement>('button')].filter(each =>
        (each.getAttribute('aria-label') ?? each.textContent).startsWith(name)
      );
      if (!found[index]) throw new Error(`There is no button ${name}.`);
      found[index].click();
      await drawn();
    },
    actions: () => kernel.sent.map(([action]) => action)
  };
}
