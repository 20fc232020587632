// What the reader holds must not fold under their hands.

/** Whether the focus is inside a part of the view. */
export function hasFocus(node: Element): boolean {
  const focused = (node.getRootNode() as Document | ShadowRoot).activeElement;
  return focused !== null && node.contains(focused);
}

/** Whether a part of the view has the focus, the pointer or a selection. */
export function isHeld(node: Element): boolean {
  if (hasFocus(node) || node.matches(':hover')) {
    return true;
  }
  const selection = document.getSelection();
  return Boolean(selection && !selection.isCollapsed && selection.containsNode(node, true));
}
