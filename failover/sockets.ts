import { join } from 'node:path';

/**
 * Where a program of this site listens: each in a folder of its own below a folder that none of them owns,
 * so that no program can put something else in the place of another's socket.
 */
export function socketOf(
  runtimeDir: string,
  program: 'agent' | 'block' | 'front' | 'server',
): string {
  return join(runtimeDir, program, `${program}.sock`);
}
