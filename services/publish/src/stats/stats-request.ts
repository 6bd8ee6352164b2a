import type { JsonShape } from '@keyserver/service';
import { schemaOf, text } from '../http/publish-request.ts';
import type { Field } from '../http/strict-body.ts';

const fields = { padding: text };

/** The body of `/v1/stats`: which fields it may have, and the JSON schema that it is checked against. */
export const statsRequest: { readonly shape: JsonShape; readonly schema: Field } = {
  shape: { fields: { padding: {} } },
  schema: schemaOf({ fields }),
};
