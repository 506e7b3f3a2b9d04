"""Whether a certificate that a host has still serves, and for what one holds."""

import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding

RENEW_DAYS = 30


class FilterModule:
    def filters(self):
        return {"farol_unserved": unserved, "farol_certificates_signed": signed, "farol_uncovered": uncovered}


def unserved(requests, authorities, days=RENEW_DAYS):
    """
    Which of the requests need a certificate: there is none, or it is of another key or authority, for other names or
    uses, or ends within so many days. `authorities` are the certificates that are to sign, in PEM, by the requests' names.
    """
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    signers = {name: x509.load_pem_x509_certificate(authority.encode()) for name, authority in authorities.items()}
    return [each for each in requests if not _serves(each, signers[each["name"]], soon)]


def signed(results):
    """What was signed, by its name."""
    return {each["item"]["name"]: each["certificate"] for each in results}


def uncovered(certificate, names):
    """For which of these names the first certificate of a PEM file does not hold."""
    told = _names(x509.load_pem_x509_certificate(certificate.encode()))
    held = [name.lower() for name in told.get_values_for_type(x509.DNSName)] if told else []
    held += [str(ip) for ip in told.get_values_for_type(x509.IPAddress)] if told else []
    return [name for name in names if name.lower() not in held and f"*.{name.lower().partition('.')[2]}" not in held]


def _serves(request, ca, soon):
    try:
        certificate = x509.load_pem_x509_certificate(request["certificate"].encode())
    except ValueError:
        return False
    asked = x509.load_pem_x509_csr(request["csr"].encode())
    return (
        _bytes(certificate.public_key()) == _bytes(asked.public_key())
        and certificate.subject == asked.subject
        and _names(certificate) == _names(asked)
        and _usages(certificate) == _usages(asked)
        and _is_signed_by(certificate, ca)
        and _end(certificate) > soon
    )


def _end(certificate):
    # The property with a zone is younger than the library of Debian 12.
    if hasattr(certificate, "not_valid_after_utc"):
        return certificate.not_valid_after_utc
    return certificate.not_valid_after.replace(tzinfo=datetime.timezone.utc)


def _is_signed_by(certificate, ca):
    key, algorithm = ca.public_key(), certificate.signature_hash_algorithm
    how = [ec.ECDSA(algorithm)] if isinstance(key, ec.EllipticCurvePublicKey) else [padding.PKCS1v15(), algorithm]
    try:
        key.verify(certificate.signature, certificate.tbs_certificate_bytes, *how)
    except InvalidSignature:
        return False
    return certificate.issuer == ca.subject


def _bytes(key):
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _names(told):
    return _extension(told, x509.SubjectAlternativeName)


def _usages(told):
    """None where it may be shown as anything, also by a client."""
    usages = _extension(told, x509.ExtendedKeyUsage)
    return usages and {usage.dotted_string for usage in usages}


def _extension(told, kind):
    try:
        return told.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
