// What keys do in the panel. Enter and Space press the button that has the focus, as everywhere.

interface Actions {
  move(by: number): void;
  home(): void;
  end(): void;
  fold(isOpen: boolean): void;
  find(): void;
  remove(): void;
  stop(): void;
  menu(): void;
}

/** What a key does; null if the panel has no use for it.
 *
 * @param isInList whether a line of the list has the focus
 */
export function actionOf(
  { key, shiftKey, ctrlKey, target }: KeyboardEvent,
  isInList: boolean,
  act: Actions
): (() => void) | null {
  if (target instanceof HTMLInputElement) return key === 'ArrowDown' ? () => act.move(0) : null;
  if (ctrlKey) return null;
  if (key === '/') return () => act.find();
  if (!isInList) return key === 'ArrowDown' ? () => act.move(0) : null;
  switch (key) {
    case 'ArrowUp':
      return () => act.move(-1);
    case 'ArrowDown':
      return () => act.move(1);
    case 'Home':
      return () => act.home();
    case 'End':
      return () => act.end();
    case 'ArrowLeft':
      return () => act.fold(false);
    case 'ArrowRight':
      return () => act.fold(true);
    case 'Delete':
      return () => act.remove();
    case '.':
      return () => act.stop();
    case 'ContextMenu':
      return () => act.menu();
    case 'F10':
      return shiftKey ? () => act.menu() : null;
    default:
      return null;
  }
}
