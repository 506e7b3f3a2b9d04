import { join } from 'node:path';
import type { Config } from './schema.ts';

/** Where what is derived from files is kept on this machine. */
export const mediaCacheOf = ({ media, data }: Pick<Config, 'media' | 'data'>) => ({
  folder: media.cacheFolder ?? join(data, 'media-cache'),
  bytesMax: media.cacheBytesMax,
});
