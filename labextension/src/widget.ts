// The widget's module: the view in any front end that draws anywidgets. It gets the trace for its
// first drawing, and then what the kernel sends; nothing is loaded from anywhere.

import { mount, type StepModule } from './view';
import type { TraceJson } from './view/types';
import { controlWay, isControlKernel } from './shell/control';
import { RunLink, type Way } from './shell/link';

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

function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  const trace = model.get('trace') as TraceJson;
  const link = new RunLink(trace.run_id);
  const host = document.createElement('div');
  el.replaceChildren(host);
  const view = mount(host, trace, link, { loadStep: () => stepModule(link) });
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
  link.send('ready', { by: 'widget' }).catch(() => undefined); // no kernel: the trace is all
  return () => {
    model.off('msg:custom', receive);
    model.off('change:trace', redraw);
    link.disconnect();
    view.dispose();
  };
}

export default { render };
