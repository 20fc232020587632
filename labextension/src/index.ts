// The plugins for JupyterLab and Notebook 7. Each stands alone: what a front end lacks is optional,
// and what a plugin is made of is loaded behind its activation, as a chunk of its own.

import commands from './plugins/commands';
import prompt from './plugins/prompt';
import runs from './plugins/runs';
import trace from './plugins/trace';

export default [prompt, trace, runs, commands];
