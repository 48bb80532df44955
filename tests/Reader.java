// Reads one PDF after another. A line in is "text" or a profile of veraPDF, a tab and a path; lines out are the file's
// text or its faults, then one that holds the sign for end of transmission.

import java.io.BufferedReader;
import java.io.File;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.util.logging.LogManager;
import org.apache.pdfbox.Loader;
import org.apache.pdfbox.text.PDFTextStripper;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.flavours.PDFAFlavour;

public class Reader {
    public static void main(String[] none) throws Exception {
        LogManager.getLogManager().reset();
        VeraGreenfieldFoundryProvider.initialise();
        var asked = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        var told = new PrintStream(new FileOutputStream(FileDescriptor.out), false, "UTF-8");
        System.setOut(System.err);
        for (String line; (line = asked.readLine()) != null; ) {
            String[] words = line.split("\t", 2);
            try {
                if (words[0].equals("text")) {
                    tellText(words[1], told);
                } else {
                    tellFaults(PDFAFlavour.fromString(words[0]), words[1], told);
                }
            } catch (Exception unreadable) {
                told.println("unreadable: " + unreadable);
            }
            told.println("\u0004");
            told.flush();
        }
    }

    private static void tellText(String path, PrintStream told) throws Exception {
        try (var document = Loader.loadPDF(new File(path))) {
            told.println(new PDFTextStripper().getText(document));
        }
    }

    private static void tellFaults(PDFAFlavour profile, String path, PrintStream told) throws Exception {
        if (profile == PDFAFlavour.NO_FLAVOUR) {
            throw new IllegalArgumentException("no such profile");
        }
        try (var file = new FileInputStream(path);
                var parser = Foundries.defaultInstance().createParser(file, profile)) {
            var result = Foundries.defaultInstance().createValidator(profile, false).validate(parser);
            for (var fault : result.getTestAssertions()) {
                var rule = fault.getRuleId();
                String words = rule.getClause() + "-" + rule.getTestNumber() + " " + fault.getMessage();
                told.println(words.replace("\n", " "));
            }
            if (!result.isCompliant() && result.getTestAssertions().isEmpty()) {
                told.println("not compliant");
            }
        }
    }
}
