import { z } from 'zod';

/** The front's section of a site's configuration file. */
export const frontConfig = z.strictObject({
  listen: z
    .string()
    .default('0.0.0.0:8448')
    .describe('HOST:PORT that clients and other servers connect to, with TLS.'),
  certificate: z.string().describe('PEM file: the certificate chain of the server name.'),
  key: z.string().describe('PEM file: its private key. Both are read again when they change.'),
  writer: z
    .strictObject({
      ca: z.string().describe("PEM file: the cluster's own certificate authority."),
      certificate: z.string().describe('PEM file: this site, as the writer knows it.'),
      key: z.string().describe('PEM file: its private key.'),
    })
    .describe('Mutual TLS towards the server that is the writer.'),
  hold: z
    .strictObject({
      forMs: z
        .int()
        .positive()
        .default(55_000)
        .describe(
          'Longest time a request waits for a writer. Below the 60 s after which most clients give up, above the 30 s that a lost site costs with stock Patroni.',
        ),
      requestsMax: z.int().positive().default(10_000).describe('Most requests held at once.'),
      bytesMax: z
        .int()
        .positive()
        .default(64 * 1024 * 1024)
        .describe('Most memory that the bodies of carried requests may take, in bytes.'),
      replayBytesMax: z
        .int()
        .positive()
        .default(1024 * 1024)
        .describe('A longer body is passed on as it comes, and cannot be replayed.'),
    })
    .prefault({}),
});

export type FrontConfig = z.infer<typeof frontConfig>;
