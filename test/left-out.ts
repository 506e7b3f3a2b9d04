import { userInfo } from 'node:os';
import { SPEC_IS_HERE } from './spec/from-specification.ts';

/** A property of a machine for which a test may be left out although everything is asked for. */
export interface Exception {
  readonly tests: RegExp;
  readonly because: string;
  /** Whether this machine has the property: else the test must run. */
  readonly isSo: boolean;
}

/** `.ci/run` cannot give a machine these; for all else it installs the means. */
export const EXCEPTIONS: readonly Exception[] = [
  {
    tests:
      /of the rooms pages|examples of the event schemas|canonical JSON|specification's own data say$/,
    because: "the specification's data do not lie beside the repository (../shared/matrix-spec)",
    isSo: !SPEC_IS_HERE,
  },
  {
    tests: /nor where the folder belongs to another user, whatever its mode$/,
    because: 'only root can give a folder to another user',
    isSo: userInfo().uid !== 0,
  },
];

/** Why a test that was not run may be left out here; undefined where it may not. */
export const excuseFor = (
  test: string,
  exceptions: readonly Exception[] = EXCEPTIONS,
): string | undefined => exceptions.find(({ tests, isSo }) => isSo && tests.test(test))?.because;
