"""What is forgotten of a certificate when its time is over: the file and the name; its number can still be checked."""

from sqlalchemy import delete, select, update

from lms import jobs
from lms.certificates.models import Certificate, CertificateFile
from lms.clock import now
from lms.database import db


@jobs.every_night
def forget() -> None:
    """Delete files and names of certificates that were kept until yesterday or before."""
    over = Certificate.keep_until < now().date()
    db.session.execute(
        delete(CertificateFile).where(CertificateFile.certificate_id.in_(select(Certificate.id).where(over)))
    )
    db.session.execute(update(Certificate).where(over, Certificate.name != "").values(name=""))
