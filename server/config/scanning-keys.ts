import { z } from 'zod';

const CLAMD = /^(\/\S+|(\[[0-9a-f:.]+\]|[^:\s/]+):\d{1,5})$/i;
/** Host, port and service. */
export const ICAP = /^icap:\/\/(\[[0-9a-f:.]+\]|[^:\s/]+)(?::(\d{1,5}))?\/([!-~]+)$/i;
const PORT_MAX = 65_535;

const hasPort = (clamd: string): boolean =>
  clamd.startsWith('/') || isPort(clamd.slice(clamd.lastIndexOf(':') + 1));

const isPort = (port: string): boolean => Number(port) > 0 && Number(port) <= PORT_MAX;

export const scanning = z
  .strictObject({
    clamd: z
      .string()
      .regex(CLAMD, 'must be HOST:PORT or the path of a socket')
      .refine(hasPort, `must have a port from 1 to ${PORT_MAX}`)
      .optional()
      .describe(
        'ClamAV’s daemon, as HOST:PORT or the path of its socket. Its `StreamMaxLength` must be `media.uploadBytesMax` at least.',
      ),
    icap: z
      .string()
      .regex(ICAP, 'must be icap://HOST:PORT/SERVICE')
      .refine(
        (icap) => isPort(ICAP.exec(icap)?.[2] ?? '1'),
        `must have a port from 1 to ${PORT_MAX}`,
      )
      .optional()
      .describe(
        'Or a service of an ICAP server (c-icap and others), as icap://HOST:PORT/SERVICE; the port is 1344 where none is named. What it hands back, though it may answer 204, it has not scanned.',
      ),
    program: z
      .string()
      .startsWith('/')
      .optional()
      .describe(
        'Or a program of yours, which has the file on its standard input and ends with 0 for a clean one, or with 1 and a line of output that says what it has found. Anything else is no opinion.',
      ),
    atOnce: z.int().min(1).max(64).default(2).describe('How many files are scanned at once.'),
    withinSeconds: z
      .number()
      .positive()
      .max(600)
      .default(60)
      .describe('How long one file may take.'),
    whenUnscanned: z
      .enum(['refuse', 'serve'])
      .default('refuse')
      .describe(
        'What becomes of files of which the scanner has said nothing, since it is away, is too slow or takes no file of that size.',
      ),
  })
  .refine(
    ({ clamd, icap, program }) =>
      [clamd, icap, program].filter((each) => each !== undefined).length === 1,
    'must have clamd, icap or program, and only one of them',
  )
  .optional();

export type ScanningKeys = z.output<typeof scanning>;
