import { z } from 'zod';

/** Such that a key needs no escapes wherever it is written. */
const PREFIX = /^([A-Za-z0-9_-][A-Za-z0-9._-]*\/)*$/;
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

export const s3 = z
  .strictObject({
    endpoint: z
      .url({ protocol: /^https?$/, error: 'must be a URL that begins with https:// or http://' })
      .refine((url) => !/[?#@]/.test(url), 'must have no user, query or fragment')
      .describe('URL of the store without the bucket, such as https://s3.eu-west-1.amazonaws.com.'),
    region: z
      .string()
      .regex(/^[a-z0-9-]+$/, 'must be a region such as eu-west-1')
      .default('us-east-1')
      .describe('Of the bucket. Many stores have but one, which they call so.'),
    bucket: z
      .string()
      .regex(BUCKET, 'must be the name of a bucket')
      .describe('Which is there already, and only for this: nobody else may read it.'),
    prefix: z
      .string()
      .regex(PREFIX, 'must be a folder that ends with /')
      .optional()
      .describe(
        'Before all names in it, such as farol/: of each database that uses it another one.',
      ),
    pathStyle: z
      .boolean()
      .default(true)
      .describe('Whether the bucket stands in the path of URLs. Else it stands before the host.'),
    ca: z
      .string()
      .optional()
      .describe('PEM file with the authorities by which it is known. Else those of the system.'),
    accessKeyId: z
      .string()
      .regex(/^[\x21-\x7e]+$/, 'must be an access key')
      .describe('Who may read, write and delete there.'),
    secretKeyFile: z.string().describe('File with the secret access key for that.'),
    holdsFiles: z
      .boolean()
      .default(true)
      .describe(
        'Bring all files there. With `false` all are brought back into the database: take these keys out when none is left there.',
      ),
  })
  .optional();

export type S3Keys = z.output<typeof s3>;
