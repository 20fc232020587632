// The widget's module: the view in any front end that draws anywidgets. It gets the trace for its
// first drawing, and then what the kernel sends; nothing is loaded from anywhere. Of the page's
// language, too, the kernel sends the texts.

import { mount, type Mounted, type StepModule } from './view';
import type { TraceJson } from './view/types';
import { controlWay, isControlKernel } from './shell/control';
import { RunLink, type Way } from './shell/link';
import { type Catalogue, language, speak } from './words';

/** What is used of an anywidget model. */
interface Model {
  get(name: string): unknown;
  on(event: string, callback: (content: unknown) => void): void;
  off(event: string, callback: (content: unknown) => void): void;
  send(content: unknown): void;
  /** JupyterLab's; other front ends have none, or one without a kernel. */
  readonly widget_manager?: { readonly kernel?: unknown };
}

function connect(link: RunLink, model: Model): void {
  const kernel = model.widget_manager?.kernel;
  const comm: Way = command => {
    model.send(command);
  };
  if (!isControlKernel(kernel)) link.connect([comm]);
  else link.connect([controlWay(kernel, link), comm], () => void kernel.interrupt?.());
}

/** The step view is no part of this module: the kernel gives its source when it is opened. */
async function stepModule(link: RunLink): Promise<StepModule> {
  const { source } = (await link.send('step_module')) as { source: string };
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  try {
    return (await import(url)) as StepModule;
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** Of a page of Jupyter's the language that is set there, elsewhere the browser's. */
function languageOfPage(): string {
  const isJupyter = document.getElementById('jupyter-config-data') !== null;
  return isJupyter ? document.documentElement.lang : navigator.language;
}

/** Speak as the kernel says; whether that is another language than before. */
async function learn(link: RunLink): Promise<boolean> {
  const { words } = (await link.send('words', { language: languageOfPage() })) as {
    words: Catalogue;
  };
  const isOther = Object.keys(words).length !== Object.keys(language()).length;
  if (isOther) speak(words);
  return isOther;
}

function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  const trace = model.get('trace') as TraceJson;
  const link = new RunLink(trace.run_id);
  const host = document.createElement('div');
  el.replaceChildren(host);
  const draw = (): Mounted => mount(host, trace, link, { loadStep: () => stepModule(link) });
  let view = draw();
  let isGone = false;
  const receive = (content: unknown): void => {
    link.receive(content);
  };
  let wasRunning = false;
  link.onMessage(() => {
    if (wasRunning && !link.running) link.send('drawn').catch(() => undefined);
    wasRunning = link.running;
  });
  const redraw = (): void => {
    view.update(model.get('trace') as TraceJson);
  };
  model.on('msg:custom', receive);
  model.on('change:trace', redraw);
  connect(link, model);
  const ready = (): Promise<unknown> => link.send('ready', { by: 'widget' });
  ready().catch(() => undefined); // no kernel: the trace is all
  learn(link).then(
    isOther => {
      if (!isOther || isGone) return;
      view.dispose();
      view = draw();
      redraw();
      ready().catch(() => undefined);
    },
    () => undefined // English it is
  );
  return () => {
    isGone = true;
    model.off('msg:custom', receive);
    model.off('change:trace', redraw);
    link.disconnect();
    view.dispose();
  };
}

export default { render };
