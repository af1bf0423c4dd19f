using System.Text.Json;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Streaming.Architecture.Tests;

/// <summary>What deploys the product is what its readers take: every field is one they know, and what refers to something refers to what is there.</summary>
public sealed partial class DeploymentFormatTests
{
    // https://github.com/compose-spec/compose-spec, 13-merge and x- extensions resolved first.
    private static readonly DeploymentFormat Compose = new("""
        /: name services volumes secrets configs networks
        /volumes: *
        /volumes/*: driver driver_opts external name labels
        /secrets: *
        /secrets/*: file environment external name
        /services: *
        /services/*: image build command entrypoint environment env_file ports volumes depends_on healthcheck restart stop_grace_period stop_signal deploy secrets configs networks profiles user working_dir init read_only tmpfs cap_drop security_opt ulimits logging labels expose mem_limit cpus
        /services/*/build: context dockerfile args target cache_from labels
        /services/*/build/args: *
        /services/*/environment: *
        /services/*/depends_on: *
        /services/*/depends_on/*: condition restart required
        /services/*/healthcheck: test interval timeout retries start_period start_interval disable
        /services/*/deploy: replicas resources restart_policy update_config placement mode labels
        """);

    private static readonly Dictionary<string, DeploymentFormat> Kinds = new(StringComparer.Ordinal)
    {
        ["ConfigMap"] = new(Meta + "/: apiVersion kind metadata data binaryData immutable\n/data: *"),
        ["Service"] = new(Meta + """
            /: apiVersion kind metadata spec
            /spec: ports selector type clusterIP sessionAffinity publishNotReadyAddresses
            /spec/ports: name port targetPort protocol nodePort appProtocol
            /spec/selector: *
            """),
        ["PodDisruptionBudget"] = new(Meta + """
            /: apiVersion kind metadata spec
            /spec: maxUnavailable minAvailable selector unhealthyPodEvictionPolicy
            /spec/selector: matchLabels matchExpressions
            /spec/selector/matchLabels: *
            """),
        ["Kustomization"] = new("""
            /: apiVersion kind namespace resources labels images namePrefix nameSuffix patches configMapGenerator secretGenerator components replicas
            /labels: pairs includeSelectors includeTemplates
            /labels/pairs: *
            /images: name newName newTag digest
            """),
        ["ScaledObject"] = new(Meta + """
            /: apiVersion kind metadata spec
            /spec: scaleTargetRef pollingInterval cooldownPeriod initialCooldownPeriod idleReplicaCount minReplicaCount maxReplicaCount fallback advanced triggers
            /spec/scaleTargetRef: apiVersion kind name envSourceContainerName
            /spec/advanced: restoreToOriginalReplicaCount horizontalPodAutoscalerConfig scalingModifiers
            /spec/advanced/horizontalPodAutoscalerConfig: name behavior
            /spec/advanced/horizontalPodAutoscalerConfig/behavior: scaleUp scaleDown
            /spec/advanced/horizontalPodAutoscalerConfig/behavior/scaleUp: stabilizationWindowSeconds selectPolicy policies tolerance
            /spec/advanced/horizontalPodAutoscalerConfig/behavior/scaleUp/policies: type value periodSeconds
            /spec/advanced/horizontalPodAutoscalerConfig/behavior/scaleDown: stabilizationWindowSeconds selectPolicy policies tolerance
            /spec/advanced/horizontalPodAutoscalerConfig/behavior/scaleDown/policies: type value periodSeconds
            /spec/triggers: type name metadata authenticationRef metricType useCachedMetrics
            /spec/triggers/metadata: bootstrapServers bootstrapServersFromEnv consumerGroup topic lagThreshold activationLagThreshold offsetResetPolicy allowIdleConsumers scaleToZeroOnInvalidOffset excludePersistentLag limitToPartitionsWithLag version partitionLimitation sasl tls
            """),
        ["Deployment"] = new(Meta + """
            /: apiVersion kind metadata spec
            /spec: replicas selector strategy template minReadySeconds progressDeadlineSeconds revisionHistoryLimit paused
            /spec/selector: matchLabels matchExpressions
            /spec/selector/matchLabels: *
            /spec/strategy: type rollingUpdate
            /spec/strategy/rollingUpdate: maxUnavailable maxSurge
            /spec/template: metadata spec
            /spec/template/metadata: labels annotations name namespace
            /spec/template/metadata/labels: *
            /spec/template/metadata/annotations: *
            /spec/template/spec: containers initContainers volumes restartPolicy terminationGracePeriodSeconds automountServiceAccountToken serviceAccountName securityContext topologySpreadConstraints nodeSelector affinity tolerations priorityClassName dnsPolicy hostNetwork imagePullSecrets
            /spec/template/spec/securityContext: runAsNonRoot runAsUser runAsGroup fsGroup fsGroupChangePolicy seccompProfile supplementalGroups sysctls
            /spec/template/spec/securityContext/seccompProfile: type localhostProfile
            /spec/template/spec/topologySpreadConstraints: maxSkew topologyKey whenUnsatisfiable labelSelector minDomains matchLabelKeys
            /spec/template/spec/topologySpreadConstraints/labelSelector: matchLabels matchExpressions
            /spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels: *
            /spec/template/spec/containers: name image imagePullPolicy command args workingDir ports env envFrom resources volumeMounts livenessProbe readinessProbe startupProbe lifecycle securityContext terminationMessagePath
            /spec/template/spec/containers/ports: name containerPort protocol hostPort
            /spec/template/spec/containers/envFrom: configMapRef secretRef prefix
            /spec/template/spec/containers/envFrom/configMapRef: name optional
            /spec/template/spec/containers/env: name value valueFrom
            /spec/template/spec/containers/env/valueFrom: fieldRef secretKeyRef configMapKeyRef resourceFieldRef
            /spec/template/spec/containers/env/valueFrom/fieldRef: fieldPath apiVersion
            /spec/template/spec/containers/env/valueFrom/secretKeyRef: name key optional
            /spec/template/spec/containers/resources: requests limits claims
            /spec/template/spec/containers/resources/requests: cpu memory ephemeral-storage
            /spec/template/spec/containers/resources/limits: cpu memory ephemeral-storage
            /spec/template/spec/containers/securityContext: allowPrivilegeEscalation readOnlyRootFilesystem capabilities privileged runAsUser runAsGroup runAsNonRoot seccompProfile
            /spec/template/spec/containers/securityContext/capabilities: add drop
            /spec/template/spec/containers/volumeMounts: name mountPath subPath readOnly
            /spec/template/spec/volumes: name emptyDir configMap secret persistentVolumeClaim projected
            /spec/template/spec/volumes/emptyDir: sizeLimit medium
            """ + Probe("startupProbe") + Probe("livenessProbe") + Probe("readinessProbe")),
    };

    private static readonly DeploymentFormat Prometheus = new("""
        /: global rule_files scrape_configs alerting remote_write remote_read storage
        /global: scrape_interval scrape_timeout evaluation_interval external_labels query_log_file
        /scrape_configs: job_name scrape_interval scrape_timeout metrics_path scheme authorization basic_auth tls_config static_configs relabel_configs metric_relabel_configs honor_labels dns_sd_configs file_sd_configs
        /scrape_configs/authorization: type credentials credentials_file
        /scrape_configs/static_configs: targets labels
        /scrape_configs/static_configs/labels: *
        """);

    private static readonly DeploymentFormat Rules = new("""
        /: groups
        /groups: name interval limit query_offset labels rules
        /groups/rules: alert record expr for keep_firing_for labels annotations
        /groups/rules/labels: *
        /groups/rules/annotations: *
        """);

    private static readonly DeploymentFormat Datasources = new("""
        /: apiVersion datasources deleteDatasources prune
        /datasources: name uid type access url isDefault orgId jsonData secureJsonData editable version user database basicAuth
        /datasources/jsonData: *
        """);

    private static readonly DeploymentFormat Dashboards = new("""
        /: apiVersion providers
        /providers: name type options orgId folder folderUid disableDeletion updateIntervalSeconds allowUiUpdates
        /providers/options: path foldersFromFilesStructure
        """);

    private const string Meta = "/metadata: name namespace labels annotations\n/metadata/labels: *\n/metadata/annotations: *\n";

    public static TheoryData<string> Manifests => new(Repository.Files.Where(static f => f.StartsWith("deploy/kubernetes/", StringComparison.Ordinal)));

    [Fact]
    public void Compose_EveryField_IsKnown() => Assert.Equal([], Compose.Unknown(ComposeFile()));

    [Theory]
    [MemberData(nameof(Manifests))]
    public void Manifest_EveryField_IsKnown(string file)
    {
        var root = Parse(file);
        Assert.Equal([], Kinds[root["kind"].ToString()].Unknown(root));
    }

    [Theory]
    [InlineData("deploy/prometheus.yml")]
    [InlineData("deploy/prometheus-alerts.yml")]
    [InlineData("deploy/grafana/provisioning/datasources/prometheus.yaml")]
    [InlineData("deploy/grafana/provisioning/dashboards/streaming.yaml")]
    public void Monitoring_EveryField_IsKnown(string file)
    {
        var format = file.EndsWith("prometheus.yml", StringComparison.Ordinal) ? Prometheus
            : file.EndsWith("alerts.yml", StringComparison.Ordinal) ? Rules
            : file.Contains("datasources", StringComparison.Ordinal) ? Datasources
            : Dashboards;
        Assert.Equal([], format.Unknown(Parse(file)));
    }

    [Fact]
    public void Format_FieldThatIsNone_IsFound()
    {
        var stream = new YamlStream();
        stream.Load(new StringReader("name: a\nservices:\n  x:\n    imagee: b\n    healthcheck: {tests: c}\n    ports: [{a: 1}]\n"));
        Assert.Equal(["/services/*/imagee", "/services/*/healthcheck/tests", "/services/*/ports holds no fields, and has a"], Compose.Unknown(stream.Documents[0].RootNode));
    }

    [Fact]
    public void Compose_References_LeadSomewhere()
    {
        var file = ComposeFile();
        var services = (YamlMappingNode)file["services"];
        var volumes = Names(file, "volumes");
        var secrets = Names(file, "secrets");
        foreach (var (key, node) in services)
        {
            var service = (YamlMappingNode)node;
            Assert.True(service.Children.ContainsKey("image"), $"{key} has no image");
            foreach (var (name, condition) in DependsOn(service))
            {
                Assert.True(services.Children.ContainsKey(name), $"{key} depends on {name}");
                if (condition == "service_healthy")
                    Assert.True(((YamlMappingNode)services[name]).Children.ContainsKey("healthcheck"), $"{key} waits for the health of {name}, which has no check");
                Assert.Contains(condition, (string[])["service_started", "service_healthy", "service_completed_successfully"]);
            }

            foreach (var volume in Items(service, "volumes"))
            {
                var from = volume.Split(':')[0];
                Assert.True(from.StartsWith('.') ? Repository.Exists(from) : volumes.Contains(from), $"{key} mounts {from}");
                Assert.StartsWith("/", volume.Split(':')[1], StringComparison.Ordinal);
            }

            Assert.All(Items(service, "secrets"), secret => Assert.Contains(secret, secrets));

            // Nothing listens to the world.
            Assert.All(Items(service, "ports"), port => Assert.Matches(@"^127\.0\.0\.1:\d+:\d+$", port));
            if (service.Children.TryGetValue("build", out var build))
                Assert.True(Repository.Exists(build["dockerfile"].ToString()));
            if (service.Children.TryGetValue("healthcheck", out var check))
            {
                Assert.Contains(check["test"][0].ToString(), (string[])["CMD", "CMD-SHELL"]);
                Assert.All((string[])["interval", "timeout"], name => Assert.Matches(Duration(), check[name].ToString()));
            }

            if (service.Children.TryGetValue("stop_grace_period", out var grace))
                Assert.Matches(Duration(), grace.ToString());
        }
    }

    [Fact]
    public void Prometheus_TargetRulesAndToken_AreThoseOfCompose()
    {
        var services = (YamlMappingNode)ComposeFile()["services"];
        var config = Parse("deploy/prometheus.yml");
        var scrape = config["scrape_configs"][0];
        var target = scrape["static_configs"][0]["targets"][0].ToString().Split(':');
        Assert.True(services.Children.ContainsKey(target[0]));
        Assert.Contains(((YamlSequenceNode)services[target[0]]["command"]).Select(static word => word.ToString()), word => word == target[1]);
        Assert.Contains(Items((YamlMappingNode)services["prometheus"], "secrets"), secret => scrape["authorization"]["credentials_file"].ToString() == "/run/secrets/" + secret);
        foreach (var rules in (YamlSequenceNode)config["rule_files"])
            Assert.Contains(Items((YamlMappingNode)services["prometheus"], "volumes"), volume => volume.Split(':')[1] == "/etc/prometheus/" + rules);
    }

    [Fact]
    public void Alerts_Expressions_AreClosed()
    {
        foreach (var rule in ((YamlSequenceNode)Parse("deploy/prometheus-alerts.yml")["groups"]).SelectMany(static group => (YamlSequenceNode)group["rules"]))
            Assert.True(IsClosed(rule["expr"].ToString()), rule["expr"].ToString());
    }

    [Fact]
    public void Dashboard_Panels_HaveAPlaceAndTheDatasourceThatIsProvisioned()
    {
        var uid = Parse("deploy/grafana/provisioning/datasources/prometheus.yaml")["datasources"][0]["uid"].ToString();
        using var dashboard = JsonDocument.Parse(Repository.Read("deploy/grafana/dashboards/streaming.json"));
        Assert.All((string[])["uid", "title", "schemaVersion", "time", "panels"], name => Assert.True(dashboard.RootElement.TryGetProperty(name, out _), name));
        foreach (var panel in dashboard.RootElement.GetProperty("panels").EnumerateArray())
        {
            var place = panel.GetProperty("gridPos");
            Assert.InRange(place.GetProperty("x").GetInt32() + place.GetProperty("w").GetInt32(), 1, 24);
            Assert.True(place.GetProperty("h").GetInt32() > 0);
            if (panel.GetProperty("type").GetString() == "row")
                continue;
            Assert.Equal(uid, panel.GetProperty("datasource").GetProperty("uid").GetString());
            var targets = panel.GetProperty("targets").EnumerateArray().ToList();
            Assert.Equal(targets.Count, targets.Select(static target => target.GetProperty("refId").GetString()).Distinct().Count());
            Assert.All(targets, static target => Assert.True(IsClosed(target.GetProperty("expr").GetString()!), target.GetProperty("expr").GetString()));
        }
    }

    private static string Probe(string name) => $"""

        /spec/template/spec/containers/{name}: httpGet exec tcpSocket grpc initialDelaySeconds periodSeconds timeoutSeconds successThreshold failureThreshold terminationGracePeriodSeconds
        /spec/template/spec/containers/{name}/httpGet: path port host scheme httpHeaders
        /spec/template/spec/containers/{name}/httpGet/httpHeaders: name value
        """;

    private static bool IsClosed(string expression)
    {
        var open = new Stack<char>();
        var quoted = false;
        foreach (var sign in expression)
        {
            if (sign == '"')
                quoted = !quoted;
            else if (quoted)
                continue;
            else if (sign is '(' or '[' or '{')
                open.Push(sign);
            else if (sign is ')' or ']' or '}' && (!open.TryPop(out var begun) || (begun, sign) is not (('(', ')') or ('[', ']') or ('{', '}'))))
                return false;
        }

        return open.Count == 0 && !quoted;
    }

    private static IEnumerable<(string Name, string Condition)> DependsOn(YamlMappingNode service) => !service.Children.TryGetValue("depends_on", out var on) ? []
        : on is YamlSequenceNode list ? list.Select(static name => (name.ToString(), "service_started"))
        : ((YamlMappingNode)on).Select(static pair => (pair.Key.ToString(), pair.Value["condition"].ToString()));

    private static IEnumerable<string> Items(YamlMappingNode node, string name) =>
        node.Children.TryGetValue(name, out var list) ? ((YamlSequenceNode)list).Select(static item => item.ToString()) : [];

    private static HashSet<string> Names(YamlNode file, string section) => [.. ((YamlMappingNode)file[section]).Children.Keys.Select(static key => key.ToString())];

    /// <summary>The file with its merge keys resolved and its extensions taken out, as Compose reads it.</summary>
    private static YamlMappingNode ComposeFile()
    {
        var root = (YamlMappingNode)Parse("docker-compose.yml");
        foreach (var key in root.Children.Keys.Where(static key => key.ToString().StartsWith("x-", StringComparison.Ordinal)).ToList())
            root.Children.Remove(key);
        foreach (var (_, node) in (YamlMappingNode)root["services"])
        {
            var service = (YamlMappingNode)node;
            if (!service.Children.TryGetValue("<<", out var merged))
                continue;
            service.Children.Remove("<<");
            foreach (var (key, value) in (YamlMappingNode)merged)
            {
                if (!service.Children.ContainsKey(key))
                    service.Add(key, value);
            }
        }

        return root;
    }

    private static YamlNode Parse(string file)
    {
        var stream = new YamlStream();
        stream.Load(new Parser(new StringReader(Repository.Read(file))));
        return stream.Documents.Single().RootNode;
    }

    [GeneratedRegex(@"^\d+(ms|s|m|h)$")]
    private static partial Regex Duration();
}
