import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.hadoop.hbase.HBaseConfiguration;
import org.apache.hadoop.hbase.TableName;
import org.apache.hadoop.hbase.client.ColumnFamilyDescriptor;
import org.apache.hadoop.hbase.client.ColumnFamilyDescriptorBuilder;
import org.apache.hadoop.hbase.client.Connection;
import org.apache.hadoop.hbase.client.ConnectionFactory;
import org.apache.hadoop.hbase.client.Put;
import org.apache.hadoop.hbase.client.RegionInfo;
import org.apache.hadoop.hbase.client.RegionLocator;
import org.apache.hadoop.hbase.client.Table;
import org.apache.hadoop.hbase.protobuf.generated.VisibilityLabelsProtos.VisibilityLabelsResponse;
import org.apache.hadoop.hbase.security.access.AccessControlClient;
import org.apache.hadoop.hbase.security.access.Permission;
import org.apache.hadoop.hbase.security.visibility.CellVisibility;
import org.apache.hadoop.hbase.security.visibility.VisibilityClient;

/**
 * Does what the Thrift interface cannot: families, regions, rights, visibility labels, and cells that bear one.
 *
 * <p>A command is a line of percent-encoded words; it is answered by a line, {@code ok} or what went wrong.
 *
 * <pre>
 * add TABLE FAMILY VERSIONS SECONDS                   SECONDS to live
 * remove TABLE FAMILY
 * split TABLE ROW
 * unassign TABLE
 * assign TABLE
 * grant USER RIGHTS [TABLE [FAMILY [QUALIFIER]]]      RIGHTS are letters of RWXCA
 * revoke USER RIGHTS [TABLE [FAMILY [QUALIFIER]]]
 * define LABEL ...
 * allow USER LABEL ...
 * disallow USER LABEL ...
 * put TABLE ROW FAMILY QUALIFIER VALUE EXPRESSION     an expression of labels, such as {@code a&amp;!b}
 * </pre>
 */
public final class Operator {
    public static void main(String[] arguments) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        try (Connection connection = ConnectionFactory.createConnection(HBaseConfiguration.create())) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                System.out.println(answer(connection, line));
            }
        }
    }

    private static String answer(Connection connection, String line) {
        try {
            List<byte[]> words = new ArrayList<>();
            for (String each : line.split(" ", -1)) {
                words.add(URLDecoder.decode(each, StandardCharsets.ISO_8859_1).getBytes(StandardCharsets.ISO_8859_1));
            }
            obey(connection, words);
            return "ok";
        } catch (Throwable error) { // the client's methods are declared to throw that
            return String.valueOf(error).lines().findFirst().orElse("error");
        }
    }

    private static void obey(Connection connection, List<byte[]> words) throws Throwable {
        String command = text(words, 0);
        switch (command) {
            case "add":
                ColumnFamilyDescriptor family = ColumnFamilyDescriptorBuilder.newBuilder(words.get(2))
                        .setMaxVersions(Integer.parseInt(text(words, 3)))
                        .setTimeToLive(Integer.parseInt(text(words, 4)))
                        .build();
                connection.getAdmin().addColumnFamily(TableName.valueOf(words.get(1)), family);
                break;
            case "remove":
                connection.getAdmin().deleteColumnFamily(TableName.valueOf(words.get(1)), words.get(2));
                break;
            case "split":
                try (RegionLocator regions = connection.getRegionLocator(TableName.valueOf(words.get(1)))) {
                    byte[] region = regions.getRegionLocation(words.get(2)).getRegion().getRegionName();
                    connection.getAdmin().splitRegionAsync(region, words.get(2)).get();
                }
                break;
            case "unassign":
                for (RegionInfo each : connection.getAdmin().getRegions(TableName.valueOf(words.get(1)))) {
                    connection.getAdmin().unassign(each.getRegionName(), false);
                }
                break;
            case "assign":
                for (RegionInfo each : connection.getAdmin().getRegions(TableName.valueOf(words.get(1)))) {
                    connection.getAdmin().assign(each.getRegionName());
                }
                break;
            case "grant":
            case "revoke":
                change(connection, command.equals("grant"), words);
                break;
            case "define":
                check(VisibilityClient.addLabels(connection, labels(words, 1)));
                break;
            case "allow":
                check(VisibilityClient.setAuths(connection, labels(words, 2), text(words, 1)));
                break;
            case "disallow":
                check(VisibilityClient.clearAuths(connection, labels(words, 2), text(words, 1)));
                break;
            case "put":
                try (Table table = connection.getTable(TableName.valueOf(words.get(1)))) {
                    Put put = new Put(words.get(2)).addColumn(words.get(3), words.get(4), words.get(5));
                    put.setCellVisibility(new CellVisibility(text(words, 6)));
                    table.put(put);
                }
                break;
            default:
                throw new IllegalArgumentException("no such command: " + command);
        }
    }

    private static void change(Connection connection, boolean grant, List<byte[]> words) throws Throwable {
        String user = text(words, 1);
        Permission.Action[] rights = new Permission.Action[words.get(2).length];
        for (int i = 0; i < rights.length; i++) {
            byte letter = words.get(2)[i];
            rights[i] = Arrays.stream(Permission.Action.values()).filter(each -> each.code() == letter).findFirst().get();
        }
        if (words.size() == 3) {
            if (grant) {
                AccessControlClient.grant(connection, user, rights);
            } else {
                AccessControlClient.revoke(connection, user, rights);
            }
            return;
        }
        TableName table = TableName.valueOf(words.get(3));
        byte[] family = words.size() > 4 ? words.get(4) : null;
        byte[] qualifier = words.size() > 5 ? words.get(5) : null;
        if (grant) {
            AccessControlClient.grant(connection, table, user, family, qualifier, rights);
        } else {
            AccessControlClient.revoke(connection, table, user, family, qualifier, rights);
        }
    }

    /** The server says of each label by itself whether it went well. */
    private static void check(VisibilityLabelsResponse response) {
        response.getResultList().stream().filter(each -> each.hasException()).findFirst().ifPresent(each -> {
            throw new IllegalStateException(each.getException().getValue().toStringUtf8());
        });
    }

    private static String text(List<byte[]> words, int index) {
        return new String(words.get(index), StandardCharsets.UTF_8);
    }

    private static String[] labels(List<byte[]> words, int from) {
        return words.stream().skip(from).map(each -> new String(each, StandardCharsets.UTF_8)).toArray(String[]::new);
    }
}
