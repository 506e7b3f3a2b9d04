import { z } from 'zod';
import type { Streamed } from '../../http/body/stream.ts';
import type { Upload } from '../../media/media.ts';
import type { User } from '../../protocol/caller.ts';
import { baseName, contentTypeIn } from './content-headers.ts';
import type { MediaOptions } from './media-options.ts';

const FILE_NAME_LENGTH_MAX = 1_000;

export const uploadQuery = z.object({ filename: z.string().max(FILE_NAME_LENGTH_MAX).optional() });

/** What an upload brings, as the repository takes it. */
export const uploadOf = (
  {
    caller,
    query,
    body,
  }: {
    readonly caller: User;
    readonly query: z.output<typeof uploadQuery>;
    readonly body: Streamed;
  },
  { uploadBytesMax }: MediaOptions,
): Upload => ({
  userId: caller.userId,
  declaredBytes: body.declaredBytes,
  chunks: body.read(uploadBytesMax),
  contentType: contentTypeIn(body.contentType),
  fileName: baseName(query.filename ?? '') || null,
});
