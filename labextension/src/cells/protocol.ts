// The words between the kernel's cell tools and a page.

/** The comm target under which pages take requests. */
export const TARGET = 'nbagent.cells';

export type Op =
  | { readonly op: 'read' }
  | {
      readonly op: 'insert';
      /** A cell's id, null for the top, or "end". */
      readonly after: string | null;
      readonly type: string;
      readonly source: string;
      readonly id?: string;
      readonly metadata?: Readonly<Record<string, unknown>>;
      readonly outputs?: readonly object[];
    }
  | { readonly op: 'edit'; readonly id: string; readonly expected: string; readonly source: string }
  | { readonly op: 'delete'; readonly id: string; readonly expected: string }
  | {
      readonly op: 'outputs';
      readonly id: string;
      readonly expected: string;
      readonly outputs: readonly object[];
      readonly execution_count?: number | null;
    }
  | { readonly op: 'revert'; readonly run: string };

export interface Request {
  readonly nbagent: 1;
  readonly type?: 'request';
  readonly request_id: string;
  /** The page that is to do it. */
  readonly to: string;
  /** The notebook's, as that page has said. */
  readonly path?: string;
  readonly ops: readonly Op[];
  readonly run_id: string;
  readonly tool_call_id: string;
  readonly mode: 'apply' | 'propose';
  /** Whom the words name; "Kimi" where nobody is named. */
  readonly who?: string;
}

/** What a call proposes: nothing of it is done until the person has decided. */
export type Proposed = Pick<Request, 'run_id' | 'tool_call_id' | 'who' | 'ops'>;

/** Why nothing was done, with what the cell holds now. */
export interface Refusal {
  readonly ok: false;
  readonly reason: 'changed' | 'no_such_cell' | 'bad_op';
  /** The place of the operation among those asked for. */
  readonly at: number;
  readonly id: string;
  readonly source?: string;
  readonly hash?: string;
}

export interface Done {
  readonly ok: true;
  readonly results?: readonly object[];
  readonly proposed?: true;
}

export type Result = Done | Refusal;

/** Whether what came is a request that can be looked at. */
export function isRequest(data: unknown): data is Request {
  const { request_id, to, ops } = (data ?? {}) as Partial<Request>;
  return typeof request_id === 'string' && typeof to === 'string' && Array.isArray(ops);
}
