import { ConfigError } from './config-error.ts';
import { readFileOf, readPasswordOf } from './named-files.ts';
import type { S3Keys } from './s3-keys.ts';

export type S3Config = NonNullable<ReturnType<typeof s3Of>>;

/** Undefined where all files lie in the database. What lies in files is read at the start: throws ConfigError, who must do what. */
export function s3Of(s3: S3Keys) {
  if (s3 === undefined) return undefined;
  const { secretKeyFile, ca, prefix = '', ...settings } = s3;
  const secretKey = readPasswordOf('s3.secretKeyFile', secretKeyFile);
  if (secretKey === '')
    throw new ConfigError(
      `The file ${secretKeyFile} of the key "s3.secretKeyFile" is empty: write the secret access key into it.`,
    );
  return {
    ...settings,
    prefix,
    secretKey,
    ca: ca === undefined ? undefined : readFileOf('s3.ca', ca),
  };
}
