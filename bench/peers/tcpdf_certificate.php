<?php
// The certificate in TCPDF: the same words, tables, rules and QR code at the same places, with the same fonts, signed.
//
// php tcpdf_certificate.php FONTS FOLDER KEY: a line of JSON comes in, the length of a PDF in a line of its own and the
// PDF go out. FOLDER is where TCPDF keeps what it made of the fonts; KEY is a PEM file of a key and its certificate. No
// PDF/A: TCPDF would embed whole fonts.
error_reporting(E_ALL & ~E_DEPRECATED);
[, $fonts, $folder, $key] = $argv;
require 'tcpdf/tcpdf.php';

const VIOLET = [84, 48, 126];
const GREY = [88, 81, 98];
const INK = [31, 26, 39];
const FAINT = [217, 212, 223];

final class Certificate extends TCPDF
{
    private string $face;

    public function __construct(array $paper, string $folder, string $face, string $key)
    {
        parent::__construct('L', 'mm', 'A4', true, 'UTF-8');
        $this->face = $face;
        $this->setPrintHeader(false);
        $this->setPrintFooter(false);
        $this->setMargins(0, 0, 0);
        $this->setCellPaddings(0, 0, 0, 0);
        $this->setAutoPageBreak(false);
        $this->setFontSubsetting(true);
        $this->AddFont($face, '', "$folder/$face.php");
        $this->setTitle($paper['title']);
        $this->setAuthor($paper['issuer']);
        $this->setSignature("file://$key", "file://$key", '', '', 1, []);
        $this->front($paper);
        $this->back($paper);
    }

    private function front(array $paper): void
    {
        $this->AddPage();
        $this->field(48, [0, 0, 38.2, 0, 5.4, 190, 0, 190], 0);
        $this->field(48, [43, 0, 48, 0, 48, 190, 10.2, 190], 0.8);
        $this->head($paper['project'], $paper['pages'][0], 82);
        $y = $this->put($paper['kind'], 20, 82, 52, 191, VIOLET);
        $y = $this->put($paper['name'], $paper['name_size'], 82, $y, 191);
        $y = $this->put($paper['sentence'], 15, 82, $y + 2, 160);
        $this->facts($paper['facts'], 82, $y + 5, 27, 191);
        $y = $this->put($paper['issued'], 9.5, 82, 174, 50, GREY);
        $y = $this->put($paper['issued_on'], 11, 82, $y, 50);
        $y = $this->put($paper['number_label'], 9.5, 82, $y, 50, GREY);
        $this->put($paper['number'], 11, 82, $y, 50);
        $this->rule(136, 174, 84, 0.35, INK);
        $y = $this->put($paper['issuer'], 11, 136, 175.5, 84);
        $this->put($paper['signed'], 9.5, 136, $y, 84, GREY);
        $this->write2DBarcode($paper['check'], 'QRCODE,M', 238, 153, 24, 24, ['fgcolor' => [0, 0, 0], 'padding' => 0]);
        $y = $this->put($paper['check_label'], 9.5, 238, 183, 38, GREY);
        $this->put($paper['address'], 9.5, 238, $y, 38, GREY);
    }

    private function back(array $paper): void
    {
        $this->AddPage();
        $this->field(8, [0, 0, 8, 0, 8, 190, 0, 190], 0);
        $this->head($paper['certificate'], $paper['pages'][1], 42);
        $this->put($paper['evidence'], 20, 42, 31, 231, VIOLET);
        $y = $this->facts($paper['asked'], 42, 45, 31, 231);
        foreach ($paper['tables'] as $one) {
            $y = $this->put("$one[heading] $one[note]", 10.5, 42, $y + 3, 231, VIOLET);
            $y = $this->row($one['columns'], $one['widths'], $y, 0.35, INK, GREY);
            foreach ($one['rows'] as $cells) {
                $y = $this->row($cells, $one['widths'], $y, 0.2, FAINT, INK);
            }
        }
        foreach ($paper['notes'] as $number => [$title, $text]) {
            $x = 42 + 80 * $number;
            $this->rule($x, 165, 71, 0.35, INK);
            $y = $this->put($title, 10.5, $x, 166.5, 71, VIOLET);
            $this->put($text, 10.5, $x, $y, 71);
        }
    }

    private function head(string $title, string $page, float $x): void
    {
        $this->put("DISRUPT $title", 11, $x, 21, 150);
        $this->put($page, 9.5, 233, 21.4, 40, GREY, 'R');
    }

    private function facts(array $lines, float $x, float $y, float $label, float $width): float
    {
        foreach ($lines as [$name, $value]) {
            $this->put($name, 10.5, $x, $y, $label, GREY);
            $y = $this->put($value, 10.5, $x + $label, $y, $width - $label) + 1.5;
        }
        return $y;
    }

    private function row(array $cells, array $widths, float $y, float $line, array $under, array $colour): float
    {
        $x = 42;
        $lowest = $y;
        foreach ($cells as $number => $cell) {
            $lowest = max($lowest, $this->put($cell, 10.5, $x, $y + 1.2, $widths[$number], $colour));
            $x += $widths[$number];
        }
        $this->rule(42, $lowest + 1.2, $x - 42, $line, $under);
        return $lowest + 1.2;
    }

    /** Text from this many mm beneath the top; where the next one would begin. */
    private function put(
        string $words, float $size, float $x, float $y, float $width, array $colour = INK, string $align = 'L'
    ): float {
        $this->setFont($this->face, '', $size);
        $this->setTextColorArray($colour);
        $this->MultiCell($width, 0, $words, 0, $align, false, 1, $x, $y);
        return $this->GetY();
    }

    private function rule(float $x, float $y, float $width, float $line, array $colour): void
    {
        $this->Line($x, $y, $x + $width, $y, ['width' => $line, 'color' => $colour, 'dash' => 0]);
    }

    /** Rules across a field whose corners are so many mm from its own. */
    private function field(float $width, array $corners, float $down): void
    {
        $this->StartTransform();
        $this->Polygon(array_map(fn (float $mm): float => 10 + $mm, $corners), 'CNZ');
        $middle = 10 + $width / 2;
        $style = ['width' => $width, 'cap' => 'butt', 'color' => VIOLET, 'dash' => '1.559,2.976']; // points: 0.55, 1.05 mm
        $this->Line($middle, 10 + $down, $middle, 200, $style);
        $this->StopTransform();
    }
}

$face = TCPDF_FONTS::addTTFfont("$fonts/IBMPlexSans-Regular.ttf", 'TrueTypeUnicode', '', 32, "$folder/");
while (($line = fgets(STDIN)) !== false) {
    $paper = new Certificate(json_decode($line, true), $folder, $face, $key);
    $file = $paper->Output('certificate.pdf', 'S');
    fwrite(STDOUT, strlen($file) . "\n" . $file);
    fflush(STDOUT);
}
