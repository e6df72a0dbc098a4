"""What is in a mail, or in files given by hand: the child's part of the conversation, without any process."""

from collections.abc import Iterable, Iterator
from io import BytesIO

from parsers.archive import is_archive, open_archive
from parsers.identify import HEAD, find_format, is_office_document, look_into, recognise
from parsers.message import Part, walk_parts
from parsers.protocol import Blocks, Broken, Done, FileRefused, Frame, Options
from parsers.records import Finding, Refused
from parsers.source import Source, read_head


def read_mail(raw: bytes, options: Options) -> Iterator[Frame]:
    """The files in a mail, in the order in which they stand; last a `Done`, or a single `Broken`.

    What is no export is mentioned, in `Done`, only if no part of the mail was one.
    """
    try:
        sources = [_from_part(part, options) for part in walk_parts(raw, options.largest_mail)]
    except Refused as refused:
        yield Broken(refused.finding)
        return
    reading = _Reading(options)
    for source in sources:
        yield from reading.read(source)
    if reading.index > options.first_page:
        yield Done([])
    else:
        yield Done(reading.lookalikes or [Finding("nothing-attached")])


def read_files(sources: Iterable[Source], options: Options) -> Iterator[Frame]:
    """Files that someone named: each that is no export is refused; last a `Done`."""
    reading = _Reading(options)
    for source in sources:
        yield from reading.read(source)
        for finding in reading.lookalikes:
            yield reading.refuse(Refused(finding))
        reading.lookalikes = []
    yield Done([])


class _Reading:
    """Files are numbered as they are claimed or refused, and blocks over all files."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.index = options.first_page
        self.block = options.first_block
        self.lookalikes: list[Finding] = []

    def read(self, source: Source) -> Iterator[Frame]:
        """Frames of one source; of each file inside, if it is an archive."""
        if not self._is_wanted(source.part):
            return
        try:
            data = read_head(source, HEAD)
            if not is_archive(data) or is_office_document(data):
                yield from self._read_file(source, data)
                return
            if source.is_damaged:
                raise source.refuse("part-damaged")
            inside = open_archive(source, data, self.options.largest_file)
        except Refused as refused:
            yield from self._refuse_or_note(refused)
            return
        for file in inside:
            try:
                data = read_head(file, HEAD)
                if is_archive(data) and not is_office_document(data):
                    raise file.refuse("archive-nested")
                yield from self._read_file(file, data)
            except Refused as refused:
                yield from self._refuse_or_note(refused)

    def refuse(self, refused: Refused) -> FileRefused:
        """Number the file that cannot be used."""
        self.index += 1
        return FileRefused(self.index - 1, refused.finding, list(refused.further))

    def _read_file(self, source: Source, data: bytes) -> Iterator[Frame]:
        if not self._is_wanted(source.part, inside=False):
            return
        head = look_into(source, data)
        claiming = find_format(head)
        if claiming is None:
            finding = recognise(source, head)
            self.lookalikes += [finding] if finding else []
            return
        if source.is_damaged:
            raise source.refuse("part-damaged")
        for frame in claiming.read(source, self.index, self.block, self.options):
            if isinstance(frame, Blocks):
                self.block = frame.rows[-1].block + 1
            yield frame
        self.index += 1

    def _is_wanted(self, part: str, *, inside: bool = True) -> bool:
        """Whether the part, or with `inside` a file in it, is among those asked for."""
        wanted = self.options.parts
        return not wanted or part in wanted or (inside and any(one.startswith(f"{part}/") for one in wanted))

    def _refuse_or_note(self, refused: Refused) -> Iterator[Frame]:
        if refused.finding.code.startswith("not-"):
            self.lookalikes.append(refused.finding)
        else:
            yield self.refuse(refused)


def _from_part(part: Part, options: Options) -> Source:
    return Source(
        name=part.name or f"part {part.path}",
        part=part.path,
        open=lambda: BytesIO(part.content),
        largest=options.largest_plain_file,
        content_type=part.content_type,
        is_body=part.is_body,
        is_damaged=part.is_damaged,
    )
