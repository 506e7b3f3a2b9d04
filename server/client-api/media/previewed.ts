import { z } from 'zod';
import { wholeNumber } from '../../http/fields.ts';
import { MatrixError } from '../../http/matrix-error.ts';
import type { Previews } from '../../media/previews/previews.ts';
import type { User } from '../../protocol/caller.ts';

/** Of what was there at another time nothing is kept, so `ts` changes nothing. */
export const previewQuery = z.object({ url: z.string(), ts: wholeNumber.optional() });

export interface PreviewPort {
  readonly previews: Pick<Previews, 'of'> | undefined;
}

/** Where the operator wants none, as from a server that knows of none: so clients do not come again. */
export async function preview(
  { caller, query }: { readonly caller: User; readonly query: { readonly url: string } },
  { previews }: PreviewPort,
): Promise<object> {
  if (!previews) throw new MatrixError(404, 'M_UNRECOGNIZED', 'There are no previews of URLs here');
  return previews.of(query.url, caller.userId);
}
