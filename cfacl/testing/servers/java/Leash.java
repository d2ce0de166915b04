import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * Runs another class's main, and halts this JVM as soon as nobody holds the first byte of a file locked.
 *
 * <p>The system drops the lock when its holder dies, however it dies, and a forked child does not inherit it. The
 * second byte stays locked while this JVM lives, so that its owner can wait for the end of all.
 */
public final class Leash {
    private static FileChannel file; // kept, since closing it would unlock

    public static void main(String[] arguments) throws Exception {
        file = FileChannel.open(Path.of(arguments[0]), StandardOpenOption.READ, StandardOpenOption.WRITE);
        file.lock(1, 1, true);
        Thread watch = new Thread(Leash::watch, "leash");
        watch.setDaemon(true);
        watch.start();
        Class.forName(arguments[1])
                .getMethod("main", String[].class)
                .invoke(null, (Object) Arrays.copyOfRange(arguments, 2, arguments.length));
    }

    private static void watch() {
        try {
            file.lock(0, 1, true);
        } catch (IOException error) {
            error.printStackTrace();
        }
        Runtime.getRuntime().halt(0);
    }
}
