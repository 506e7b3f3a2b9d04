import { MatrixError } from '../../http/matrix-error.ts';

export const notEnabled = () =>
  new MatrixError(400, 'M_UNKNOWN', 'Shared secret registration is not enabled');
