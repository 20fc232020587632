// The step view, a module of its own: it is loaded when somebody opens it.

import type { StepPane, StepSpace } from '../view/step_door';
import { speak } from '../words';
import { StepView } from './view';

export function open(space: StepSpace): StepPane {
  speak(space.words); // for the widget this module is a file of its own
  return new StepView(space);
}
