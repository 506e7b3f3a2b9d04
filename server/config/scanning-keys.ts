import { z } from 'zod';

const CLAMD = /^(\/\S+|(\[[0-9a-f:.]+\]|[^:\s/]+):\d{1,5})$/i;
const PORT_MAX = 65_535;

const hasPort = (clamd: string): boolean => {
  const port = Number(clamd.slice(clamd.lastIndexOf(':') + 1));
  return clamd.startsWith('/') || (port > 0 && port <= PORT_MAX);
};

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
    ({ clamd, program }) => (clamd === undefined) !== (program === undefined),
    'must have clamd or program, and not both',
  )
  .optional();

export type ScanningKeys = z.output<typeof scanning>;
