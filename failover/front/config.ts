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
  connectionsMax: z
    .int()
    .positive()
    .default(20_000)
    .describe('Most connections of clients at once; each takes some 50 KB with its TLS.'),
  relay: z
    .strictObject({
      listen: z.string().describe('HOST:PORT that the fronts of the other sites connect to.'),
      peers: z
        .record(z.string(), z.url({ protocol: /^https$/ }))
        .describe("URL of each other site's `relay.listen`, by the name of the site."),
    })
    .optional()
    .describe(
      'Fronts pass requests on for each other, by mutual TLS, where the link to the writer alone is cut. Without it such a front holds them until the link is back.',
    ),
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
        .describe(
          'Most memory that the bodies of carried requests and answers may take, in bytes. One client may have an eighth of it, and those whose token is not known half.',
        ),
      replayBytesMax: z
        .int()
        .positive()
        .default(1024 * 1024)
        .describe('A longer body is kept on the disk until it is answered.'),
      diskBytesMax: z
        .int()
        .positive()
        .default(1024 * 1024 * 1024)
        .describe(
          'Most disk that long bodies may take, in bytes. One client may have an eighth of it, which is also the longest body that is taken.',
        ),
      diskFolder: z
        .string()
        .default('/var/tmp')
        .describe('Folder for them, on a disk. The files have no names, so nothing stays behind.'),
    })
    .prefault({}),
});

export type FrontConfig = z.infer<typeof frontConfig>;
