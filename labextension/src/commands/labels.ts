// What settings are called. JupyterLab translates a schema on its server, by the files of the
// language pack alone; so the page puts our words into the schema that it has loaded.

import { t } from '../words';

/** What of a schema is shown, with all that stands in it. */
export interface Labelled {
  title?: string;
  description?: string;
  readonly properties?: Readonly<Record<string, Labelled>>;
}

/** Let a schema speak the page's language. */
export function translate(schema: Labelled): void {
  if (schema.title) schema.title = t(schema.title);
  if (schema.description) schema.description = t(schema.description);
  Object.values(schema.properties ?? {}).forEach(translate);
}
