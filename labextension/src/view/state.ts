// The state of a run in words, as a header shows it: `Thinking`, `Running run_python`.

import type { RunView } from './fold';
import { seconds, stateWords, stoppingWords } from './phrases';
import { t, told } from '../words';

/** The state of a run at `now`, in seconds since it began. */
export function stateOf(view: RunView, now = view.t): string {
  const { phase, lastStep } = view;
  const text = told(view.text);
  if (!view.running) {
    return (
      text || (view.reason === 'answer' ? t('Done') : (stateWords(view.reason) ?? view.reason))
    );
  }
  if (phase === 'waiting' && lastStep) {
    return t('Waiting for the first token {time}', {
      time: seconds(Math.max(0, now - lastStep.t))
    });
  }
  if (phase === 'retrying') {
    return view.untilT > now
      ? t('{why} Trying again in {time}', { why: text, time: seconds(view.untilT - now) })
      : text;
  }
  if (phase === 'stopping') {
    return stoppingWords(now - view.stopT);
  }
  const call = lastStep?.calls[lastStep.calls.length - 1];
  if ((phase === 'running' || phase === 'asking') && call) {
    return phase === 'running'
      ? t('Running {name}', { name: call.name })
      : t('Waiting for you: {name}', { name: call.name });
  }
  if (phase === 'paused') {
    return view.place ? text : text ? t('Paused: {why}', { why: text }) : t('Paused');
  }
  return phase === 'answer' ? t('Answering') : (stateWords(phase) ?? t('Starting'));
}
