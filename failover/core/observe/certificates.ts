import type { CertificatesSeen } from '../state/seen.ts';

export const seeCertificates = (end: string | null): CertificatesSeen => ({ certificatesEnd: end });
