// The step view, a module of its own: it is loaded when somebody opens it.

import type { StepPane, StepSpace } from '../view/step_door';
import { StepView } from './view';

export function open(space: StepSpace): StepPane {
  return new StepView(space);
}
