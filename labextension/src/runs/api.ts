// The one way to our routes on the server: its address, token and XSRF cookie are the page's.

import { ServerConnection } from '@jupyterlab/services';
import { t } from '../words';

const BASE = 'nbagent/api/';

/** What the server said no with. `status` is HTTP's, 0 if no answer came. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string
  ) {
    super(message);
  }
}

/** Ask one of our routes.
 *
 * @param path under `nbagent/api/`, its parts encoded
 * @returns the answer, whose status is below 400
 */
export async function requestAPI(
  settings: ServerConnection.ISettings,
  path: string,
  init: RequestInit = {}
): Promise<Response> {
  const url = settings.baseUrl.replace(/\/*$/, '/') + BASE + path;
  let response: Response;
  try {
    response = await ServerConnection.makeRequest(url, init, settings);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError(0, t('The server does not answer.'));
  }
  if (response.status >= 400) throw new ApiError(response.status, await wordsOf(response));
  return response;
}

/** The answer as JSON. */
export async function requestJSON<T>(
  settings: ServerConnection.ISettings,
  path: string,
  init: RequestInit = {}
): Promise<T> {
  return (await (await requestAPI(settings, path, init)).json()) as T;
}

async function wordsOf(response: Response): Promise<string> {
  try {
    const told = (await response.json()) as { message?: unknown };
    if (typeof told.message === 'string') return told.message;
  } catch {
    // no JSON, so none of ours
  }
  return `${response.status} ${response.statusText}`;
}
