// What the reader holds must not fold under their hands.

/** Whether a part of the view has the focus, the pointer or a selection. */
export function isHeld(node: Element): boolean {
  const root = node.getRootNode() as Document | ShadowRoot;
  const focused = root.activeElement;
  if ((focused && node.contains(focused)) || node.matches(':hover')) {
    return true;
  }
  const selection = document.getSelection();
  return Boolean(selection && !selection.isCollapsed && selection.containsNode(node, true));
}
